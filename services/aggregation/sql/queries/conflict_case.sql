SELECT c.conflict_id, coalesce(d.action, 'open'), c.topic, c.event_id, c.project_code,
       coalesce(unit.province_code, c.province_code), coalesce(unit.owner_code, c.owner_code),
       c.partition, c."offset", c.index, c.seen_at, c.topic_id, c.payload
  FROM aggregation.conflict AS c
  LEFT JOIN aggregation.case_decision AS d ON d.case_kind = 'conflict' AND d.case_id = c.conflict_id
  LEFT JOIN LATERAL aggregation.unit_of(c.project_code) AS unit ON c.project_code <> ''
 WHERE c.conflict_id = %s
