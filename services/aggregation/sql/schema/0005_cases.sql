-- Cases that a person decides: what is held in quarantine, and ids that were stated twice.

-- held: to be decided. replayed: its bytes were published again. fixed: a corrected fact was published in its
-- place. discarded: put aside with a reason. released: what it waited for came.
-- What is known of the subject says whose case it is; a case whose subject is not known is nobody's unit's.
ALTER TABLE aggregation.quarantine ADD COLUMN state text NOT NULL DEFAULT 'held'
    CHECK (state IN ('held', 'replayed', 'fixed', 'discarded', 'released'));
ALTER TABLE aggregation.quarantine ADD COLUMN project_code text NOT NULL DEFAULT '';
ALTER TABLE aggregation.quarantine ADD COLUMN province_code text NOT NULL DEFAULT '';
ALTER TABLE aggregation.quarantine ADD COLUMN owner_code text NOT NULL DEFAULT '';
-- The key of the record it came in; and whether the payload is that whole record, or one event of it.
ALTER TABLE aggregation.quarantine ADD COLUMN record_key text NOT NULL DEFAULT '';
ALTER TABLE aggregation.quarantine ADD COLUMN is_record boolean NOT NULL DEFAULT false;
-- How often it was refused; what was fixed or discarded is only counted.
ALTER TABLE aggregation.quarantine ADD COLUMN times_refused bigint NOT NULL DEFAULT 1;
ALTER TABLE aggregation.quarantine ADD COLUMN last_refused_at timestamptz NOT NULL DEFAULT now();
UPDATE aggregation.quarantine SET state = 'released' WHERE released_at IS NOT NULL;
UPDATE aggregation.quarantine SET is_record = true WHERE reason = 'not-decoded';
-- For the list and the age of the oldest; the table is small, and locked for as long as that takes.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX quarantine_held ON aggregation.quarantine (quarantined_at) WHERE state = 'held';

ALTER TABLE aggregation.conflict ADD COLUMN project_code text NOT NULL DEFAULT '';
ALTER TABLE aggregation.conflict ADD COLUMN province_code text NOT NULL DEFAULT '';
ALTER TABLE aggregation.conflict ADD COLUMN owner_code text NOT NULL DEFAULT '';

-- Who decided what of a case, and which events came of it.
CREATE TABLE aggregation.case_decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_kind text NOT NULL CHECK (case_kind IN ('quarantine', 'conflict')),
    case_id bigint NOT NULL,
    action text NOT NULL CHECK (action IN ('fix', 'replay', 'discard', 'keep-first', 'replace')),
    reason text NOT NULL,
    token_id uuid NOT NULL,
    token_name text NOT NULL,
    event_ids uuid[] NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX case_decision_of ON aggregation.case_decision (case_kind, case_id);
-- A conflict is decided once.
CREATE UNIQUE INDEX case_decision_conflict ON aggregation.case_decision (case_id) WHERE case_kind = 'conflict';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.case_decision
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();

-- Outbox: the records that decisions publish. Written with the decision, published until the log has them.
CREATE TABLE aggregation.case_record (
    record_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decision_id bigint NOT NULL REFERENCES aggregation.case_decision (decision_id),
    topic text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    published_topic_id text,
    published_at timestamptz
);
CREATE INDEX case_record_of ON aggregation.case_record (decision_id);
CREATE INDEX case_record_unpublished ON aggregation.case_record (record_id) WHERE published_topic_id IS NULL;
