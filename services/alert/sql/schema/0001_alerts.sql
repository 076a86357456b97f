-- The alert service's tables: what was seen of each subject, the alerts and their history.

-- The last progress judged of each subject; a version not above it is ignored.
CREATE TABLE alert.subject_seen (
    subject_type text NOT NULL,
    subject_code text NOT NULL,
    budget_year bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (subject_type, subject_code, budget_year)
);

-- One alert per subject, rule and budget year, as it stands; reopened rather than doubled.
CREATE TABLE alert.alert (
    id uuid PRIMARY KEY,
    subject_type text NOT NULL CHECK (subject_type IN ('project', 'owner', 'province')),
    subject_code text NOT NULL,
    rule text NOT NULL,
    budget_year bigint NOT NULL,
    province_code text NOT NULL,
    owner_code text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'resolved')),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    rule_version bigint NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    as_of date NOT NULL,
    digest bytea NOT NULL,
    figures jsonb NOT NULL,
    title_vi text NOT NULL,
    title_en text NOT NULL,
    reason_vi text NOT NULL,
    reason_en text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    UNIQUE (subject_type, subject_code, rule, budget_year)
);
CREATE INDEX alert_by_update ON alert.alert (updated_at DESC, id DESC);
CREATE INDEX alert_open ON alert.alert (rule, severity) WHERE state = 'open';

-- Every change of every alert, with the record that led to it.
CREATE TABLE alert.alert_change (
    change_id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alert.alert (id),
    sequence bigint NOT NULL CHECK (sequence > 0),
    transition text NOT NULL CHECK (transition IN ('opened', 'updated', 'resolved', 'reopened')),
    severity text NOT NULL,
    rule_version bigint NOT NULL,
    as_of date NOT NULL,
    digest bytea NOT NULL,
    figures jsonb NOT NULL,
    reason_vi text NOT NULL,
    reason_en text NOT NULL,
    topic_id text NOT NULL,
    partition bigint NOT NULL,
    record_offset bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (alert_id, sequence)
);

-- What is still to be published. Marked with the topic's id only after the broker's acknowledgement.
CREATE TABLE alert.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id uuid NOT NULL UNIQUE REFERENCES alert.alert_change (change_id),
    published_topic_id text,
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON alert.outbox (id) WHERE published_topic_id IS NULL;

-- Records that could not be read or judged, whole, so that none is lost.
CREATE TABLE alert.quarantine (
    topic_id text NOT NULL,
    partition bigint NOT NULL,
    record_offset bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition, record_offset)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.alert_change
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();
