-- One reversal a movement.
SELECT r.reverses_event_id, count(*) AS times
  FROM aggregation.ledger AS r
 WHERE r.reverses_event_id IS NOT NULL
 GROUP BY r.reverses_event_id
HAVING count(*) > 1
