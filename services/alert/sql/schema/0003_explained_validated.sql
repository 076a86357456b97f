-- The rows of before 0002, checked without holding writers up.
ALTER TABLE alert.alert VALIDATE CONSTRAINT alert_subject_type_check;
ALTER TABLE alert.alert VALIDATE CONSTRAINT alert_state_check;
ALTER TABLE alert.alert_change VALIDATE CONSTRAINT alert_change_transition_check;
ALTER TABLE alert.alert_change VALIDATE CONSTRAINT alert_change_rule_digest_fkey;
