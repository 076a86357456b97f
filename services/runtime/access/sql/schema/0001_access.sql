-- Who may do what, and who did: tokens and the audit. One schema for all services.

-- A token is known by the SHA-256 of its secret alone; the secret is shown once and kept nowhere.
CREATE TABLE access.token (
    token_id   uuid PRIMARY KEY,
    name       text NOT NULL CHECK (name <> ''),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    scopes     text[] NOT NULL CHECK (cardinality(scopes) > 0),
    -- '' (everything), a province ('96') or an owner within its province ('96/O1').
    unit       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

-- A token is revoked once and otherwise never changes: wider rights are a new token.
CREATE FUNCTION access.refuse_change_but_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed access.token := NEW;
BEGIN
    allowed.revoked_at := OLD.revoked_at;
    allowed.revoked_by := OLD.revoked_by;
    IF allowed IS DISTINCT FROM OLD OR OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'UPDATE of access.token is refused: a token is only revoked, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER token_no_update BEFORE UPDATE ON access.token
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_but_revocation();
CREATE TRIGGER token_no_delete BEFORE DELETE OR TRUNCATE ON access.token
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change();

-- Every write with its answer, and every refusal. Never a token, never a body.
CREATE TABLE access.audit (
    audit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    service    text NOT NULL,
    -- NULL where no valid token was sent.
    token_id   uuid,
    token_name text NOT NULL,
    unit       text NOT NULL,
    method     text NOT NULL,
    route      text NOT NULL,
    path       text NOT NULL,
    status     integer NOT NULL,
    -- The code of the problem; '' where it was accepted.
    code       text NOT NULL,
    address    text NOT NULL,
    action     text NOT NULL,
    target     text NOT NULL,
    detail     jsonb NOT NULL,
    -- Refusals of one address that are alike are one row.
    times      bigint NOT NULL CHECK (times > 0)
);
CREATE INDEX audit_at ON access.audit (at);
CREATE INDEX audit_token ON access.audit (token_id, at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access.audit
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change();
