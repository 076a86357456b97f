-- Which movement is reversed by which event: one, once.

CREATE TABLE ingest.reversal (
    reversed_id   uuid PRIMARY KEY,
    reversal_id   uuid NOT NULL,
    -- A claim until then, while its request is in flight; for good once it was accepted.
    claimed_until timestamptz,
    accepted_at   timestamptz,
    CHECK (claimed_until IS NOT NULL OR accepted_at IS NOT NULL)
);

CREATE FUNCTION ingest.refuse_change_of_accepted_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.accepted_at IS NOT NULL THEN
        RAISE EXCEPTION 'change of an accepted reversal is refused' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER reversal_no_update BEFORE UPDATE ON ingest.reversal
    FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change_of_accepted_reversal();
CREATE TRIGGER reversal_no_delete BEFORE DELETE OR TRUNCATE ON ingest.reversal
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change();
