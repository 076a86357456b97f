-- Whose a case is: its project's unit as the register and the plan have it now, else what the event said.
SELECT q.quarantine_id, q.state, q.topic, q.event_id, q.reason, q.detail, q.project_code,
       coalesce(unit.province_code, q.province_code), coalesce(unit.owner_code, q.owner_code),
       q.partition, q."offset", q.index, q.times_refused, q.quarantined_at, q.last_refused_at
  FROM aggregation.quarantine AS q
  LEFT JOIN LATERAL aggregation.unit_of(q.project_code, %(on)s) AS unit ON q.project_code <> ''
 WHERE q.quarantine_id > %(after)s
   AND q.state = %(state)s
   AND (%(reason)s::text IS NULL OR q.reason = %(reason)s)
   AND (%(topic)s::text IS NULL OR q.topic = %(topic)s)
   AND (%(province)s = '' OR coalesce(unit.province_code, q.province_code) = %(province)s)
   AND (%(owner)s = '' OR coalesce(unit.owner_code, q.owner_code) = %(owner)s)
 ORDER BY q.quarantine_id
 LIMIT %(limit)s
