-- Who may do what in the schema aggregation, over what deny_by_default.sql leaves: nothing.
-- The other services may nothing here. TRUNCATE is granted to nobody.
GRANT USAGE ON SCHEMA aggregation TO giaingan_aggregation, giaingan_auditor;

-- The books: only added to.
GRANT SELECT, INSERT
   ON aggregation.ledger, aggregation.statement_line, aggregation.plan_revision, aggregation.baseline_schedule,
      aggregation.project_registration, aggregation.owner_registration, aggregation.officer_assignment,
      aggregation.completed_work_line, aggregation.conflict, aggregation.conflict_subject,
      aggregation.case_decision, aggregation.cutoff_tick, aggregation.block
   TO giaingan_aggregation;

-- Sums of the ledger, written from the rows it just took.
GRANT SELECT, INSERT, UPDATE (disbursed, work_certified, advance_outstanding, movements)
   ON aggregation.balance TO giaingan_aggregation;
-- How far each source reaches, raised by triggers on the rows that were just taken.
GRANT SELECT, INSERT, UPDATE (reaches) ON aggregation.source_reach TO giaingan_aggregation;

-- A case: its bytes and where they stood never change, what became of it does.
GRANT SELECT, INSERT,
      UPDATE (state, released_at, times_refused, last_refused_at, reason, detail, waits_for_event_id,
              project_code, province_code, owner_code, content_hash, is_read)
   ON aggregation.quarantine TO giaingan_aggregation;

-- Outboxes and what was told.
GRANT SELECT, INSERT, UPDATE (published_topic_id, published_at) ON aggregation.case_record TO giaingan_aggregation;
GRANT SELECT, INSERT, UPDATE, DELETE ON aggregation.progress_due TO giaingan_aggregation;
GRANT SELECT, INSERT, UPDATE ON aggregation.province_told, aggregation.source_position TO giaingan_aggregation;
GRANT USAGE ON SEQUENCE aggregation.progress_mark, aggregation.progress_version, aggregation.block_no TO giaingan_aggregation;
-- setval: versions go on above those in the log, whatever the database remembers of them.
GRANT UPDATE ON SEQUENCE aggregation.progress_version TO giaingan_aggregation;

GRANT SELECT ON aggregation.plan_decision, aggregation.posting, aggregation.schema_migration TO giaingan_aggregation;

-- The auditor reads everything, and asks the same functions what a line holds on a day.
GRANT SELECT
   ON aggregation.balance, aggregation.baseline_schedule, aggregation.block, aggregation.case_decision,
      aggregation.case_record, aggregation.completed_work_line, aggregation.conflict, aggregation.conflict_subject,
      aggregation.cutoff_tick, aggregation.ledger, aggregation.officer_assignment, aggregation.owner_registration,
      aggregation.plan_decision, aggregation.plan_revision, aggregation.posting, aggregation.progress_due,
      aggregation.project_registration, aggregation.province_told, aggregation.quarantine,
      aggregation.rebuild, aggregation.schema_migration, aggregation.source_position, aggregation.source_reach,
      aggregation.statement_line
   TO giaingan_auditor;
GRANT EXECUTE
   ON ROUTINE aggregation.books_through(integer, text, date, text[]),
              aggregation.books_through(integer, text, date, text[], timestamptz),
              aggregation.lines(integer, date, text, text[]),
              aggregation.lines(integer, date, text, text[], timestamptz),
              aggregation.projects(integer, date), aggregation.projects(integer, date, timestamptz),
              aggregation.account_balances, aggregation.carried_over, aggregation.moved, aggregation.plan_decisions,
              aggregation.settled_until, aggregation.source_reaches, aggregation.unit_of
   TO giaingan_aggregation, giaingan_auditor;
