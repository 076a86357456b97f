-- The instant at which the live books applied what is applied again: rows get the instants that the live ones have,
-- and what was known when stays known.
CREATE FUNCTION aggregation_rebuild.now() RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT coalesce(nullif(current_setting('giaingan.replayed_at', true), '')::timestamptz, pg_catalog.now())
$$;
