-- The cases of these bytes, or of the events of these ids, in whatever state: locked, so that none is decided while
-- this transaction applies them.
SELECT q.quarantine_id, q.state, q.payload_hash, q.event_id, q.content_hash
  FROM aggregation.quarantine AS q
 WHERE q.quarantine_id IN (
       SELECT same.quarantine_id FROM aggregation.quarantine AS same
        WHERE same.topic = %(topic)s AND same.payload_hash = ANY (%(payload_hashes)s) AND NOT same.is_record
        UNION
       SELECT same.quarantine_id FROM aggregation.quarantine AS same
        WHERE same.event_id = ANY (%(event_ids)s::text[]) AND same.content_hash IS NOT NULL)
 ORDER BY q.quarantine_id
   FOR UPDATE
