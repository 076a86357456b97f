-- Who may do what in the schema access, over what deny_by_default.sql leaves: nothing.
-- Tokens are made and revoked by the migrator alone (giaingan token). TRUNCATE is granted to nobody.
GRANT USAGE ON SCHEMA access TO giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;

-- A service asks whose a token is, by its hash. The auditor sees every token, and no hash.
GRANT SELECT ON access.token TO giaingan_ingest, giaingan_aggregation, giaingan_alert;
GRANT SELECT (token_id, name, scopes, unit, sources, created_at, created_by, expires_at, revoked_at, revoked_by)
   ON access.token TO giaingan_auditor;

-- Written, never read by a service.
GRANT INSERT ON access.audit TO giaingan_ingest, giaingan_aggregation, giaingan_alert;
GRANT SELECT ON access.audit TO giaingan_auditor;

GRANT SELECT ON access.schema_migration
   TO giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;
