-- What is needed to explain every change for ever, corrections of the past, and subjects of other kinds.
-- Nothing that was there goes away: the version before writes and reads its columns as it did.

-- Subjects and outcomes that the first version did not know. Validated by the next file.
-- squawk-ignore ban-drop-constraint
ALTER TABLE alert.alert DROP CONSTRAINT alert_subject_type_check;
ALTER TABLE alert.alert ADD CONSTRAINT alert_subject_type_check
    CHECK (subject_type IN ('project', 'owner', 'province', 'district', 'sector', 'fund_source')) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE alert.alert DROP CONSTRAINT alert_state_check;
ALTER TABLE alert.alert ADD CONSTRAINT alert_state_check
    CHECK (state IN ('open', 'resolved', 'cancelled')) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE alert.alert_change DROP CONSTRAINT alert_change_transition_check;
ALTER TABLE alert.alert_change ADD CONSTRAINT alert_change_transition_check
    CHECK (transition IN ('opened', 'updated', 'resolved', 'reopened', 'cancelled')) NOT VALID;

-- Each rule as it was when it judged, once: version, thresholds, baseline, dates, texts. The digest is SHA-256
-- of the definition with sorted keys.
CREATE TABLE alert.rule_definition (
    digest bytea PRIMARY KEY,
    rule text NOT NULL,
    rule_version bigint NOT NULL,
    definition jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.rule_definition
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();

-- All null in changes of the version before.
ALTER TABLE alert.alert_change
    -- The progress record that was judged, byte by byte.
    ADD COLUMN evidence bytea,
    -- The rule in force; null where it was in force no more.
    ADD COLUMN rule_digest bytea,
    -- The day the judgement was for, and whether the rule's alert was held to be open on it.
    ADD COLUMN judged_on date,
    ADD COLUMN was_open boolean,
    -- Since when the alert stands, and the totals of that day as they were known to this change.
    ADD COLUMN raised_on date,
    ADD COLUMN raised_disbursed bigint,
    ADD COLUMN raised_plan bigint,
    -- Late events behind the change, and what they corrected, in a sentence; null where they corrected nothing.
    ADD COLUMN caused_by uuid[],
    ADD COLUMN correction_vi text,
    ADD COLUMN correction_en text;
ALTER TABLE alert.alert_change ADD CONSTRAINT alert_change_rule_digest_fkey
    FOREIGN KEY (rule_digest) REFERENCES alert.rule_definition (digest) NOT VALID;
