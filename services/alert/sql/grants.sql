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

-- Webhooks: a receiver changes, its signing keys end, a delivery is tried until it is settled; attempts are only
-- added. The auditor reads all but the addresses: a path may be what lets in there.
GRANT SELECT, INSERT,
      UPDATE (url, description, rules, severities, states, state, state_reason, changed_at, failing_since,
              held_until, leased_until)
   ON alert.webhook_endpoint TO giaingan_alert;
GRANT SELECT, INSERT, UPDATE (expires_at) ON alert.webhook_key TO giaingan_alert;
GRANT SELECT, INSERT, UPDATE (state, tries, next_try_at, settled_at, asked_again_at)
   ON alert.webhook_delivery TO giaingan_alert;
GRANT SELECT, INSERT, DELETE ON alert.webhook_unrouted TO giaingan_alert;
GRANT SELECT, INSERT ON alert.webhook_attempt TO giaingan_alert;
GRANT SELECT ON alert.webhook_attempt, alert.webhook_delivery, alert.webhook_key, alert.webhook_unrouted
   TO giaingan_auditor;
GRANT SELECT (endpoint_id, description, unit, rules, severities, states, state, state_reason, created_at, created_by,
              changed_at, failing_since, held_until, leased_until)
   ON alert.webhook_endpoint TO giaingan_auditor;

GRANT SELECT ON alert.schema_migration TO giaingan_alert;

-- The auditor reads everything.
GRANT SELECT ON alert.alert, alert.alert_change, alert.block, alert.feed_entry, alert.feed_unnumbered,
                alert.handling_step, alert.outbox,
                alert.quarantine, alert.rule_definition, alert.schema_migration, alert.source_position, alert.subject_seen
   TO giaingan_auditor;
