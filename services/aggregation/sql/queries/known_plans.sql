SELECT event_id, content_hash FROM aggregation.plan_revision WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.baseline_schedule WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.project_registration WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.owner_registration WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.officer_assignment WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
-- One of its sides says it of all.
SELECT DISTINCT ON (reallocation_id) reallocation_id, content_hash
  FROM aggregation.plan_revision WHERE reallocation_id = ANY (%(ids)s::uuid[])
