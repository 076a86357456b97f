-- Who may do what in the schema alert, over what deny_by_default.sql leaves: nothing.
-- The other services may nothing here. TRUNCATE is granted to nobody.
GRANT USAGE ON SCHEMA alert TO giaingan_alert, giaingan_auditor;

-- Only added to.
GRANT SELECT, INSERT ON alert.alert_change, alert.quarantine, alert.block, alert.rule_definition, alert.handling_step,
                        alert.feed_entry
   TO giaingan_alert;

-- An alert as it stands; its history is in alert_change.
GRANT SELECT, INSERT,
      UPDATE (province_code, owner_code, state, severity, rule_version, sequence, as_of, digest, figures, title_vi,
              title_en, reason_vi, reason_en, updated_at, resolved_at)
   ON alert.alert TO giaingan_alert;

-- The outbox, and how far things are.
GRANT SELECT, INSERT, UPDATE (published_topic_id, published_at) ON alert.outbox TO giaingan_alert;
GRANT SELECT, INSERT, DELETE ON alert.feed_unnumbered TO giaingan_alert;
GRANT SELECT, INSERT, UPDATE (version) ON alert.subject_seen TO giaingan_alert;
GRANT SELECT, INSERT, UPDATE ON alert.source_position TO giaingan_alert;

GRANT SELECT ON alert.schema_migration TO giaingan_alert;

-- The auditor reads everything.
GRANT SELECT ON alert.alert, alert.alert_change, alert.block, alert.feed_entry, alert.feed_unnumbered,
                alert.handling_step, alert.outbox,
                alert.quarantine, alert.rule_definition, alert.schema_migration, alert.source_position, alert.subject_seen
   TO giaingan_auditor;
