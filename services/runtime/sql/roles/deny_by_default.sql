-- Before the grants of a schema ({schema}), in one transaction with them: nobody may anything.
-- Run by giaingan_owner, each time `giaingan migrate` runs. What an operator granted to other roles stays.
REVOKE ALL ON SCHEMA {schema}
  FROM PUBLIC, giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema}
  FROM PUBLIC, giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema}
  FROM PUBLIC, giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;
REVOKE ALL ON ALL ROUTINES IN SCHEMA {schema}
  FROM PUBLIC, giaingan_ingest, giaingan_aggregation, giaingan_alert, giaingan_auditor;

-- PostgreSQL lets everybody execute a new function; of a new table and sequence it lets nobody anything.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
