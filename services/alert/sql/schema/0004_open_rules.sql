-- What a change of source_stale follows from besides its own rule: which of the rules that it keeps silent had
-- open alerts. Null in changes of the version before; that version writes and reads was_open as it did.
ALTER TABLE alert.alert_change
    -- The rules that bear on the finding whose alerts were held to be open, the rule itself among them.
    ADD COLUMN open_rules text[];
