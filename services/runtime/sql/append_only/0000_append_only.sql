-- For every service's schema: raises on each attempt to change what is append-only.
-- A RULE ... DO INSTEAD NOTHING would hide the attempt and let TRUNCATE through.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: it is append-only; correct it by a new event',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
