-- What a person put aside under this id and content, in whatever bytes.
SELECT quarantine_id FROM aggregation.quarantine
 WHERE event_id = %s AND content_hash = %s AND state IN ('fixed', 'discarded')
 ORDER BY quarantine_id
 LIMIT 1
