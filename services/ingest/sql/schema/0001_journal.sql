-- What was accepted, kept by the service that accepted it: the answer to "did I send this before?",
-- and the source from which a broker's lost log is written again.

CREATE SEQUENCE ingest.accepted_no;

CREATE TABLE ingest.journal (
    event_id     uuid NOT NULL,
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 32),
    -- The order of acceptance: a lost log is written again in it.
    accepted_no  bigint NOT NULL DEFAULT nextval('ingest.accepted_no'),
    topic        text NOT NULL,
    routing_key  text NOT NULL,
    -- The fact alone, as a batch of one event. Batches joined end to end are one batch.
    payload      bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    -- Where the event stands in the log: the only columns that change, when the log is written again.
    topic_id     text NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint NOT NULL,
    PRIMARY KEY (event_id, content_hash)
);
-- The log keeper asks for the events of a topic that stand in another log than the present one.
CREATE INDEX journal_place ON ingest.journal (topic, topic_id);

CREATE TABLE ingest.receipt (
    receipt_id  uuid PRIMARY KEY,
    received_at timestamptz NOT NULL,
    kind        text NOT NULL,
    file_name   text,
    file_sha256 text,
    body        jsonb NOT NULL
);

CREATE FUNCTION ingest.refuse_change_but_of_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed ingest.journal := NEW;
BEGIN
    -- Whole rows are compared, so that a column added later is guarded from its first day.
    allowed.topic_id := OLD.topic_id;
    allowed.partition := OLD.partition;
    allowed."offset" := OLD."offset";
    IF allowed IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'UPDATE of ingest.journal is refused: only an event''s place in the log may change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON ingest.journal
    FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change_but_of_place();
CREATE TRIGGER journal_no_delete BEFORE DELETE ON ingest.journal
    FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON ingest.journal
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change();
CREATE TRIGGER receipt_no_change BEFORE UPDATE OR DELETE ON ingest.receipt
    FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change();
CREATE TRIGGER receipt_no_truncate BEFORE TRUNCATE ON ingest.receipt
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change();
