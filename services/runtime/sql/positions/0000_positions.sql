-- For every schema that a Kafka loop writes to (services/runtime/positions.py).

-- How far each partition of each log is applied; the only position there is.
CREATE TABLE source_position (
    topic_id text NOT NULL,
    partition integer NOT NULL,
    topic text NOT NULL,
    cluster_id text NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    chain_head bytea NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz NOT NULL DEFAULT now(),
    applied_at timestamptz,
    PRIMARY KEY (topic_id, partition)
);

-- One row a batch, each chained to the one before it in its partition.
CREATE TABLE block (
    topic_id text NOT NULL,
    partition integer NOT NULL,
    from_offset bigint NOT NULL,
    next_offset bigint NOT NULL,
    previous_hash bytea NOT NULL,
    digest bytea NOT NULL,
    hash bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition, from_offset)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON block
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
