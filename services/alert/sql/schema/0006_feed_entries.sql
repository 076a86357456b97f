-- Changes in the one order in which feeds tell them. The transactions that write changes commit in any order; numbers are
-- given by one writer after they committed, so that who has read up to a number has missed nothing.

-- Changes without a number yet, whichever version of the service wrote them.
CREATE TABLE alert.feed_unnumbered (
    change_id uuid PRIMARY KEY REFERENCES alert.alert_change (change_id)
);
CREATE FUNCTION alert.await_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert.feed_unnumbered (change_id) SELECT change_id FROM inserted;
    RETURN NULL;
END
$$;
CREATE TRIGGER await_number AFTER INSERT ON alert.outbox
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION alert.await_number();
INSERT INTO alert.feed_unnumbered (change_id) SELECT change_id FROM alert.outbox;

CREATE TABLE alert.feed_entry (
    entry_no bigint PRIMARY KEY,
    change_id uuid NOT NULL UNIQUE REFERENCES alert.alert_change (change_id),
    -- Whole seconds, each entry at least one after the entry before: RSS tells no less, and readers that ask for what
    -- is newer than what they have (Power Automate) would miss one of the same second.
    published_at timestamptz NOT NULL UNIQUE
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.feed_entry
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();
