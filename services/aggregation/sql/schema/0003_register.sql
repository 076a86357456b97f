-- The register (projects, accountable units, officers), the value of completed work, and corrected lines.

-- Of one decision's line, the row with the highest revision counts.
ALTER TABLE aggregation.plan_revision ADD COLUMN carried_from_year integer NOT NULL DEFAULT 0;
ALTER TABLE aggregation.plan_revision ADD COLUMN revision integer NOT NULL DEFAULT 0;
-- Decisions come by the thousand, not by the million: the table is locked for less than a second.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX plan_revision_project ON aggregation.plan_revision (project_code);
ALTER TABLE aggregation.baseline_schedule ADD COLUMN revision integer NOT NULL DEFAULT 0;

-- What the register says of a project, from effective_date on.
CREATE TABLE aggregation.project_registration (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    project_code text NOT NULL,
    project_name text NOT NULL,
    province_code text NOT NULL,
    owner_code text NOT NULL,
    project_group text NOT NULL,
    district text NOT NULL,
    sector text NOT NULL,
    starts_on date,
    closed_on date,
    total_investment bigint,
    currency text CHECK (currency = 'VND'),
    effective_date date NOT NULL,
    revision integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX project_registration_of ON aggregation.project_registration (project_code);
CREATE INDEX project_registration_owner ON aggregation.project_registration (province_code, owner_code);

-- What the register says of an accountable unit, from effective_date on.
CREATE TABLE aggregation.owner_registration (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    province_code text NOT NULL,
    owner_code text NOT NULL,
    owner_name text NOT NULL,
    head_name text NOT NULL,
    head_post text NOT NULL,
    supervisor_name text NOT NULL,
    effective_date date NOT NULL,
    revision integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX owner_registration_of ON aggregation.owner_registration (province_code, owner_code);

-- Who answers, from effective_date on, for a project, or for the whole unit where project_code is empty.
CREATE TABLE aggregation.officer_assignment (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    province_code text NOT NULL,
    owner_code text NOT NULL,
    project_code text NOT NULL,
    officer_name text NOT NULL,
    officer_post text NOT NULL,
    officer_email text NOT NULL,
    effective_date date NOT NULL,
    revision integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX officer_assignment_project ON aggregation.officer_assignment (project_code);
CREATE INDEX officer_assignment_unit ON aggregation.officer_assignment (province_code, owner_code);

-- Owners' reports of the value of completed work, as they were stated: earned value, never added to cash.
CREATE TABLE aggregation.completed_work_line (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    project_code text NOT NULL,
    budget_year integer NOT NULL,
    cumulative bigint NOT NULL,
    currency text NOT NULL CHECK (currency = 'VND'),
    as_of date NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX completed_work_line_of ON aggregation.completed_work_line (budget_year, project_code);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.project_registration
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.owner_registration
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.officer_assignment
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.completed_work_line
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();
