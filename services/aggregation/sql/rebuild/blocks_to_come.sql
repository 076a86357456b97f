-- The batches that the live books applied and the shadow has not, in the order in which they were begun; those of
-- one partition in that of their offsets, whatever the clock did. What was applied and has no block comes last.
WITH block AS (
    SELECT b.topic_id, b.partition, b.from_offset, b.next_offset, b.applied_at, b.block_no,
           CASE WHEN b.digest_version <> 2 THEN b.digest END AS digest
      FROM aggregation.block AS b
     UNION ALL
    SELECT p.topic_id, p.partition, coalesce(max(b.next_offset), 0), p.next_offset, coalesce(p.applied_at, now()),
           NULL::bigint, NULL::bytea
      FROM aggregation.source_position AS p LEFT JOIN aggregation.block AS b USING (topic_id, partition)
     GROUP BY p.topic_id, p.partition
    HAVING p.next_offset > coalesce(max(b.next_offset), 0)
)
SELECT p.topic, b.topic_id, b.partition, b.from_offset, b.next_offset, b.applied_at, b.block_no, b.digest
  FROM block AS b
  JOIN aggregation.source_position AS p ON (p.topic_id, p.partition) = (b.topic_id, b.partition)
  LEFT JOIN aggregation_rebuild.source_position AS done
         ON (done.topic_id, done.partition) = (b.topic_id, b.partition)
 WHERE b.from_offset >= coalesce(done.next_offset, 0)
 ORDER BY max(b.applied_at) OVER (PARTITION BY b.topic_id, b.partition ORDER BY b.from_offset),
          b.topic_id, b.partition, b.from_offset
