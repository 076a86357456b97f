SELECT event_id, content_hash FROM aggregation.ledger
 WHERE event_id = ANY (%(ids)s::uuid[]) AND event_id = origin_event_id
UNION ALL
SELECT event_id, content_hash FROM aggregation.statement_line WHERE event_id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT event_id, content_hash FROM aggregation.completed_work_line WHERE event_id = ANY (%(ids)s::uuid[])
