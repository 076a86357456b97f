-- Nothing is held until a movement that is there.
SELECT q.event_id, q.waits_for_event_id AS waits_for
  FROM aggregation.quarantine AS q
  JOIN aggregation.ledger AS l ON l.event_id = q.waits_for_event_id
 WHERE q.state = 'held' AND q.released_at IS NULL
   AND NOT EXISTS (
       SELECT FROM aggregation.quarantine AS aside
        WHERE aside.event_id = q.event_id AND aside.content_hash = q.content_hash
          AND aside.state IN ('fixed', 'discarded'))
