-- A conflict is open until it is decided; its decision says how. It is a unit's where both contents are.
SELECT c.conflict_id, coalesce(d.action, 'open'), c.topic, c.event_id, coalesce(s.second_project_code, c.project_code),
       coalesce(unit.province_code, s.second_province_code, c.province_code),
       coalesce(unit.owner_code, s.second_owner_code, c.owner_code),
       c.partition, c."offset", c.index, c.seen_at,
       s.first_project_code, coalesce(first_unit.province_code, s.first_province_code),
       coalesce(first_unit.owner_code, s.first_owner_code)
  FROM aggregation.conflict AS c
  LEFT JOIN aggregation.case_decision AS d ON d.case_kind = 'conflict' AND d.case_id = c.conflict_id
  LEFT JOIN aggregation.conflict_subject AS s ON s.conflict_id = c.conflict_id
  LEFT JOIN LATERAL aggregation.unit_of(s.second_project_code, %(on)s) AS unit ON s.second_project_code <> ''
  LEFT JOIN LATERAL aggregation.unit_of(s.first_project_code, %(on)s) AS first_unit ON s.first_project_code <> ''
 WHERE c.conflict_id > %(after)s
   AND coalesce(d.action, 'open') = %(action)s
   AND (%(province)s = ''
        OR (coalesce(unit.province_code, s.second_province_code) = %(province)s
            AND coalesce(first_unit.province_code, s.first_province_code) = %(province)s))
   AND (%(owner)s = ''
        OR (coalesce(unit.owner_code, s.second_owner_code) = %(owner)s
            AND coalesce(first_unit.owner_code, s.first_owner_code) = %(owner)s))
 ORDER BY c.conflict_id
 LIMIT %(limit)s
