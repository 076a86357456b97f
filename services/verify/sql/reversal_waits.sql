-- What is held until a movement that is there is taken up by the next batch of its topic: none passed it by.
-- A minute after both, every transaction that could not see them has ended.
SELECT q.event_id, q.waits_for_event_id AS waits_for
  FROM aggregation.quarantine AS q
  JOIN aggregation.ledger AS l ON l.event_id = q.waits_for_event_id
 WHERE q.state = 'held' AND q.released_at IS NULL
   AND EXISTS (
       SELECT FROM aggregation.block AS b
         JOIN aggregation.source_position AS p ON p.topic_id = b.topic_id AND p.partition = b.partition
        WHERE p.topic = q.topic AND b.digest_version <> 3
          AND b.applied_at > greatest(q.quarantined_at, l.applied_at) + interval '1 minute')
   AND NOT EXISTS (
       SELECT FROM aggregation.quarantine AS aside
        WHERE aside.event_id = q.event_id AND aside.content_hash = q.content_hash
          AND aside.state IN ('fixed', 'discarded'))
