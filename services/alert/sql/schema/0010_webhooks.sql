-- Webhooks: who is told, with which keys it is signed, what is still to be sent, and what came of each attempt.

-- A receiver. Deleted ones are kept for the log of what was sent to them.
CREATE TABLE alert.webhook_endpoint (
    endpoint_id uuid PRIMARY KEY,
    url text NOT NULL,
    description text NOT NULL,
    -- What it may be told of, as of a token: '' everything, '96' a province, '96/O1' an owner within it.
    unit text NOT NULL,
    -- What it wants to be told; an empty list: whatever it may be.
    rules text[] NOT NULL,
    severities text[] NOT NULL,
    states text[] NOT NULL,
    state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled', 'deleted')),
    -- Why it is disabled; empty where it is not.
    state_reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Since when no attempt succeeds; null where the last one did, or none was made.
    failing_since timestamptz,
    -- The receiver asked for nothing more until then (429, 503 with Retry-After).
    held_until timestamptz,
    -- A sender is at work on it until then; it is its own sign that the work is still its.
    leased_until timestamptz
);

-- The keys of an endpoint. No secret is here: it follows from the installation's key and the key's id.
CREATE TABLE alert.webhook_key (
    key_id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES alert.webhook_endpoint (endpoint_id),
    -- Which key of the installation it follows from: the first bytes of a hash of it, in hex.
    installation_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    -- It signs until then; null: until it is rotated.
    expires_at timestamptz
);
CREATE INDEX webhook_key_of_endpoint ON alert.webhook_key (endpoint_id);

-- Changes for which no deliveries are made yet, whichever version of the service wrote them.
CREATE TABLE alert.webhook_unrouted (
    change_id uuid PRIMARY KEY REFERENCES alert.alert_change (change_id)
);
CREATE FUNCTION alert.await_routing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert.webhook_unrouted (change_id) SELECT change_id FROM inserted;
    RETURN NULL;
END
$$;
CREATE TRIGGER await_routing AFTER INSERT ON alert.outbox
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION alert.await_routing();

-- One for each endpoint and message, and the same until it is settled.
CREATE TABLE alert.webhook_delivery (
    delivery_id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES alert.webhook_endpoint (endpoint_id),
    -- The change's id, the same to every endpoint; of a test a new one.
    message_id uuid NOT NULL,
    -- Null in a test.
    change_id uuid REFERENCES alert.alert_change (change_id),
    alert_id uuid,
    sequence bigint,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'given_up')),
    -- Attempts since it was made, or asked for again.
    tries bigint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    made_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    -- An officer asked for it again.
    asked_again_at timestamptz,
    UNIQUE (endpoint_id, message_id)
);
CREATE INDEX webhook_delivery_pending ON alert.webhook_delivery (endpoint_id, next_try_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_of_alert ON alert.webhook_delivery (endpoint_id, alert_id, sequence);
CREATE INDEX webhook_delivery_log ON alert.webhook_delivery (endpoint_id, made_at DESC, delivery_id DESC);

-- What came of each attempt.
CREATE TABLE alert.webhook_attempt (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid NOT NULL REFERENCES alert.webhook_delivery (delivery_id),
    attempted_at timestamptz NOT NULL,
    duration_ms bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'gone')),
    -- The status answered; null where nothing was.
    status bigint,
    -- Why nothing was answered, in Vietnamese and English; else empty.
    error text NOT NULL,
    -- The beginning of the answer's body.
    answer text NOT NULL
);
CREATE INDEX webhook_attempt_of_delivery ON alert.webhook_attempt (delivery_id, attempt_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert.webhook_attempt
    FOR EACH STATEMENT EXECUTE FUNCTION alert.refuse_change();
