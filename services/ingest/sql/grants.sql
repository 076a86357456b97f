-- Who may do what in the schema ingest, over what deny_by_default.sql leaves: nothing.
-- The other services may nothing here. TRUNCATE is granted to nobody.
GRANT USAGE ON SCHEMA ingest TO giaingan_ingest, giaingan_auditor;

-- Only added to.
GRANT SELECT, INSERT ON ingest.receipt, ingest.project_statement, ingest.block TO giaingan_ingest;

-- Added to; only an event's place in the log changes, when a log is written again.
GRANT SELECT, INSERT, UPDATE (topic_id, partition, "offset") ON ingest.journal TO giaingan_ingest;

-- A claim that ended, or is accepted.
GRANT SELECT, INSERT, UPDATE (reversal_id, claimed_until, accepted_at) ON ingest.reversal TO giaingan_ingest;

-- State, not history: how far things are, and answers that are kept for a while.
GRANT SELECT, INSERT, UPDATE ON ingest.source_position TO giaingan_ingest;
GRANT SELECT, UPDATE (accepted_no) ON ingest.register_filled TO giaingan_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.idempotency_key TO giaingan_ingest;
GRANT USAGE ON SEQUENCE ingest.accepted_no TO giaingan_ingest;

GRANT SELECT ON ingest.schema_migration TO giaingan_ingest;

-- The auditor reads everything but what was sent and answered under an Idempotency-Key.
GRANT SELECT ON ingest.block, ingest.journal, ingest.project_statement, ingest.receipt, ingest.register_filled,
                ingest.reversal, ingest.schema_migration, ingest.source_position
   TO giaingan_auditor;
GRANT SELECT (token_id, idempotency_key, claim_id, claimed_at, claimed_until, status)
   ON ingest.idempotency_key TO giaingan_auditor;
