SELECT q.quarantine_id, q.state, q.topic, q.event_id, q.reason, q.detail, q.project_code,
       coalesce(unit.province_code, q.province_code), coalesce(unit.owner_code, q.owner_code),
       q.partition, q."offset", q.index, q.times_refused, q.quarantined_at, q.last_refused_at,
       q.topic_id, q.record_key, q.is_record, q.waits_for_event_id, q.payload
  FROM aggregation.quarantine AS q
  LEFT JOIN LATERAL aggregation.unit_of(q.project_code, %(on)s) AS unit ON q.project_code <> ''
 WHERE q.quarantine_id = %(id)s
