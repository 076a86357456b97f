-- Reversals held until the movement they name is known.
UPDATE aggregation.quarantine SET released_at = now()
 WHERE waits_for_event_id = ANY (%s::uuid[]) AND released_at IS NULL
RETURNING payload, topic, topic_id, partition, "offset", index
