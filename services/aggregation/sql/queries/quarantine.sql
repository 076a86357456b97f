-- The same bytes are kept once. What is refused again is held again, under its latest reason; what a person
-- fixed or discarded stays so, and is counted.
INSERT INTO aggregation.quarantine AS q (
       topic, payload_hash, event_id, reason, detail, payload, waits_for_event_id, record_key, is_record,
       project_code, province_code, owner_code, content_hash, is_read, topic_id, partition, "offset", index)
VALUES (%(topic)s, %(payload_hash)s, %(event_id)s, %(reason)s, %(detail)s, %(payload)s, %(waits_for)s,
        %(record_key)s, %(is_record)s, %(project_code)s, %(province_code)s, %(owner_code)s,
        %(content_hash)s, true,
        %(topic_id)s, %(partition)s, %(offset)s, %(index)s)
    ON CONFLICT (topic, payload_hash)
    DO UPDATE SET times_refused = q.times_refused + 1,
                  last_refused_at = now(),
                  state = CASE WHEN q.state IN ('fixed', 'discarded') THEN q.state ELSE 'held' END,
                  released_at = CASE WHEN q.state IN ('fixed', 'discarded') THEN q.released_at END,
                  reason = CASE WHEN q.state IN ('fixed', 'discarded') THEN q.reason ELSE excluded.reason END,
                  detail = CASE WHEN q.state IN ('fixed', 'discarded') THEN q.detail ELSE excluded.detail END,
                  waits_for_event_id = CASE WHEN q.state IN ('fixed', 'discarded') THEN q.waits_for_event_id
                                            ELSE excluded.waits_for_event_id END
RETURNING state
