-- Reversals held until the movement they name is known: it arrived now, or it is in the ledger already
-- (both came at once, in two partitions of a topic that grew, and neither transaction saw the other).
UPDATE aggregation.quarantine SET state = 'released', released_at = now()
 WHERE state = 'held' AND released_at IS NULL
   AND (waits_for_event_id = ANY (%s::uuid[])
        OR waits_for_event_id IN (
            SELECT l.event_id FROM aggregation.ledger AS l
             WHERE l.event_id IN (
                 SELECT w.waits_for_event_id FROM aggregation.quarantine AS w
                  WHERE w.state = 'held' AND w.released_at IS NULL)))
RETURNING payload, record_key, topic, topic_id, partition, "offset", index
