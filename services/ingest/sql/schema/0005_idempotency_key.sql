-- What was answered to a request that named an Idempotency-Key, for the same request sent again.

CREATE TABLE ingest.idempotency_key (
    token_id      uuid NOT NULL,
    idempotency_key text NOT NULL,
    -- SHA-256 of what was sent: another request under the same key is a mistake.
    fingerprint   bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    claim_id      uuid NOT NULL,
    claimed_at    timestamptz NOT NULL DEFAULT now(),
    -- Until then the request is in flight; who died with it blocks the key no longer.
    claimed_until timestamptz NOT NULL,
    -- Of a request that was accepted.
    status        integer,
    response      text,
    PRIMARY KEY (token_id, idempotency_key),
    CHECK ((status IS NULL) = (response IS NULL))
);
CREATE INDEX idempotency_key_age ON ingest.idempotency_key (claimed_at);
