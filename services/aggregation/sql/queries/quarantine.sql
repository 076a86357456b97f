-- The same bytes are kept once; what is refused again is held again, under its latest reason.
INSERT INTO aggregation.quarantine (
       topic, payload_hash, event_id, reason, detail, payload, waits_for_event_id,
       topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (topic, payload_hash)
    DO UPDATE SET reason = excluded.reason, detail = excluded.detail,
                  waits_for_event_id = excluded.waits_for_event_id, released_at = NULL
