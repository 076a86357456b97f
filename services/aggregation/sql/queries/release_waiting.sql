-- Reversals held until the movement they name is known: it arrived now, or it is in the ledger already
-- (both came at once, in two partitions of a topic that grew, and neither transaction saw the other).
-- Not what a person put aside, in these bytes or in others.
UPDATE aggregation.quarantine AS q SET state = 'released', released_at = now()
 WHERE q.state = 'held' AND q.released_at IS NULL
   AND (q.waits_for_event_id = ANY (%s::uuid[])
        OR q.waits_for_event_id IN (
            SELECT l.event_id FROM aggregation.ledger AS l
             WHERE l.event_id IN (
                 SELECT w.waits_for_event_id FROM aggregation.quarantine AS w
                  WHERE w.state = 'held' AND w.released_at IS NULL)))
   AND NOT EXISTS (
       SELECT FROM aggregation.quarantine AS aside
        WHERE aside.event_id = q.event_id AND aside.content_hash = q.content_hash
          AND aside.state IN ('fixed', 'discarded'))
RETURNING q.payload, q.record_key, q.topic, q.topic_id, q.partition, q."offset", q.index
