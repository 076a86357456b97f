-- The ledger and everything derived from it. Amounts are đồng (VND minor units).

-- What moved, by event. A cumulative statement is here as the movements it led to, each of which
-- names it in origin_event_id.
CREATE TABLE aggregation.ledger (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid PRIMARY KEY,
    origin_event_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    project_code text NOT NULL,
    fund_source text NOT NULL,
    budget_year integer NOT NULL,
    series text NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL CHECK (currency = 'VND'),
    disbursed bigint NOT NULL,
    work_certified bigint NOT NULL,
    advance_outstanding bigint NOT NULL,
    value_date date NOT NULL,
    status text NOT NULL,
    reverses_event_id uuid UNIQUE,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_line ON aggregation.ledger (project_code, budget_year, value_date);
CREATE INDEX ledger_seq ON aggregation.ledger (seq);

-- Sums of the ledger by line, series and day. Written only from rows the ledger just took.
CREATE TABLE aggregation.balance (
    project_code text NOT NULL,
    fund_source text NOT NULL,
    budget_year integer NOT NULL,
    series text NOT NULL,
    value_date date NOT NULL,
    disbursed bigint NOT NULL,
    work_certified bigint NOT NULL,
    advance_outstanding bigint NOT NULL,
    movements bigint NOT NULL,
    PRIMARY KEY (budget_year, project_code, fund_source, series, value_date)
);

-- Cumulative statements as they were stated.
CREATE TABLE aggregation.statement_line (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    project_code text NOT NULL,
    fund_source text NOT NULL,
    budget_year integer NOT NULL,
    series text NOT NULL,
    reporter text NOT NULL,
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
CREATE INDEX statement_line_of ON aggregation.statement_line (budget_year, project_code, fund_source, series);

-- Decisions on appropriations. The one in force on a day has the latest effective date up to it.
CREATE TABLE aggregation.plan_revision (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    project_code text NOT NULL,
    project_name text NOT NULL,
    level text NOT NULL,
    owner_code text NOT NULL,
    owner_name text NOT NULL,
    accountable_officer text NOT NULL,
    fund_source text NOT NULL,
    project_group text NOT NULL,
    district text NOT NULL,
    sector text NOT NULL,
    province_code text NOT NULL,
    budget_year integer NOT NULL,
    base text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL CHECK (currency = 'VND'),
    decision_number text NOT NULL,
    decision_date date NOT NULL,
    effective_date date NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX plan_revision_line ON aggregation.plan_revision (budget_year, project_code, fund_source);
CREATE INDEX plan_revision_province ON aggregation.plan_revision (budget_year, province_code);

-- Registered schedules, target milestones and published curves.
-- points: [{"date": "2022-03-31", "basis_points": 2000} or {"date": ..., "amount": đồng}]
CREATE TABLE aggregation.baseline_schedule (
    event_id uuid PRIMARY KEY,
    content_hash bytea NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    kind text NOT NULL,
    scope_code text NOT NULL,
    budget_year integer NOT NULL,
    points jsonb NOT NULL,
    decision_number text NOT NULL,
    effective_date date NOT NULL,
    rate_base text NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL
);
CREATE INDEX baseline_schedule_scope ON aggregation.baseline_schedule (budget_year, scope_code, kind);

-- The same event id with other content: the first is in the books, an officer decides.
CREATE TABLE aggregation.conflict (
    conflict_id bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, content_hash)
);

-- What could not be applied, with its bytes. Nothing is ever dropped.
CREATE TABLE aggregation.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload_hash bytea NOT NULL,
    event_id text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL,
    waits_for_event_id uuid,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    index integer NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    UNIQUE (topic, payload_hash)
);
CREATE INDEX quarantine_waits ON aggregation.quarantine (waits_for_event_id) WHERE released_at IS NULL;

-- Outbox: projects whose progress is to be told. mark grows with every change of the project.
CREATE SEQUENCE aggregation.progress_mark;
CREATE TABLE aggregation.progress_due (
    project_code text NOT NULL,
    budget_year integer NOT NULL,
    mark bigint NOT NULL,
    due_since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_code, budget_year)
);

-- What was told last of a province: when its as_of moves, all its projects are told again.
CREATE SEQUENCE aggregation.progress_version;
CREATE TABLE aggregation.province_told (
    province_code text NOT NULL,
    budget_year integer NOT NULL,
    as_of date NOT NULL,
    business_date date NOT NULL,
    topic_id text NOT NULL,
    PRIMARY KEY (province_code, budget_year)
);

-- Cut-off ticks that ran.
CREATE TABLE aggregation.cutoff_tick (
    business_date date PRIMARY KEY,
    ticked_at timestamptz NOT NULL DEFAULT now(),
    projects integer NOT NULL
);

DO $$
DECLARE
    append_only text;
BEGIN
    FOREACH append_only IN ARRAY ARRAY['ledger', 'statement_line', 'plan_revision', 'baseline_schedule', 'conflict']
    LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.%I
             FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change()', append_only);
    END LOOP;
END
$$;
