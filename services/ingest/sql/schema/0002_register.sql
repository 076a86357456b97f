-- What was said of each project: by plan decisions and by the register. The read model that ingest judges by.

CREATE TABLE ingest.project_statement (
    event_id        uuid PRIMARY KEY,
    project_code    text NOT NULL,
    project_name    text NOT NULL,
    province_code   text NOT NULL,
    owner_code      text NOT NULL,
    effective_date  date NOT NULL,
    decision_date   date NOT NULL,
    revision        integer NOT NULL,
    -- Of the register alone: a plan decision says nothing of when money may move.
    is_registration boolean NOT NULL,
    starts_on       date,
    closed_on       date
);
CREATE INDEX project_statement_project ON ingest.project_statement (project_code);

CREATE TRIGGER project_statement_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ingest.project_statement
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change();
