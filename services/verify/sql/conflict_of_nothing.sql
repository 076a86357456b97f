-- What a conflict contradicts is in the books, or is held itself.
SELECT c.block_no, c.event_id
  FROM aggregation.conflict AS c
 WHERE NOT EXISTS (SELECT FROM aggregation.ledger AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.statement_line AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.completed_work_line AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.plan_revision AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.plan_revision AS t WHERE t.reallocation_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.baseline_schedule AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.project_registration AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.owner_registration AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.officer_assignment AS t WHERE t.event_id = c.event_id)
   AND NOT EXISTS (SELECT FROM aggregation.quarantine AS q WHERE q.event_id = c.event_id::text)
 ORDER BY c.conflict_id
