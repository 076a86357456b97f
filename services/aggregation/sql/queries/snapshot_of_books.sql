-- Where the books stand in this transaction's snapshot: the instant at which the latest batch that is seen began,
-- the last row of the ledger, and how far each partition is applied.
SELECT (SELECT max(p.applied_at) FROM aggregation.source_position AS p),
       (SELECT max(l.seq) FROM aggregation.ledger AS l),
       (SELECT coalesce(jsonb_object_agg(concat(p.topic_id, '/', p.partition), p.next_offset), '{}')
          FROM aggregation.source_position AS p)
