-- Each rebuild that was put in place of the live books (giaingan rebuild --swap; docs/REBUILD.md).
-- chains: the head of each partition's chain just before and just after,
-- [{"topic_id": ..., "partition": 0, "next_offset": 12, "before": hex, "after": hex}]
CREATE TABLE aggregation.rebuild (
    rebuild_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL CHECK (source IN ('ledger', 'kafka')),
    started_at timestamptz NOT NULL,
    swapped_at timestamptz NOT NULL DEFAULT now(),
    differences bigint NOT NULL,
    kept_in text NOT NULL,
    chains jsonb NOT NULL,
    made_by text NOT NULL DEFAULT session_user
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.rebuild
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();
