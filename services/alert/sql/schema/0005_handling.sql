-- Who takes care of each alert: one row a step, and the last one of a raising is how it stands. Only added to.

CREATE TABLE alert.handling_step (
    step_id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alert.alert (id),
    -- The change of the alert that raised it, and the step's number since.
    raised_sequence bigint NOT NULL CHECK (raised_sequence > 0),
    step bigint NOT NULL CHECK (step > 0),
    kind text NOT NULL
        CHECK (kind IN ('acknowledged', 'assigned', 'snoozed', 'woken', 'escalated', 'promised', 'noted')),
    -- How it stands after the step.
    stage text NOT NULL CHECK (stage IN ('open', 'acknowledged', 'assigned', 'snoozed', 'escalated')),
    level bigint NOT NULL CHECK (level BETWEEN 0 AND 2),
    assignee text NOT NULL,
    acknowledge_by timestamptz,
    snoozed_until timestamptz,
    cause text,
    promised_by date,
    -- Who took it: the token and its name; no token where time did.
    token_id uuid,
    actor text NOT NULL,
    note text NOT NULL,
    taken_at timestamptz NOT NULL,
    CONSTRAINT one_after_the_other UNIQUE (alert_id, raised_sequence, step),
    CONSTRAINT promise_whole CHECK ((cause IS NULL) = (promised_by IS NULL)),
    CONSTRAINT rests_until CHECK ((stage = 'snoozed') = (snoozed_until IS NOT NULL))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.handling_step
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();
