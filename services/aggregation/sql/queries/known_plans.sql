SELECT event_id, content_hash FROM aggregation.plan_revision WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.baseline_schedule WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.project_registration WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.owner_registration WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.officer_assignment WHERE event_id = ANY (%(ids)s::uuid[])
