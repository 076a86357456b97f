-- A position is where the last block of its partition ends, and knows that block's hash.
WITH last AS (
    SELECT DISTINCT ON (b.topic_id, b.partition) b.topic_id, b.partition, b.next_offset, b.hash
      FROM {schema}.block AS b
     ORDER BY b.topic_id, b.partition, b.from_offset DESC
)
SELECT coalesce(p.topic, l.topic_id) AS topic, coalesce(p.partition, l.partition) AS partition,
       p.next_offset AS position, coalesce(l.next_offset, 0) AS block_end
  FROM {schema}.source_position AS p
  FULL JOIN last AS l ON l.topic_id = p.topic_id AND l.partition = p.partition
 WHERE p.next_offset IS DISTINCT FROM coalesce(l.next_offset, 0)
    OR p.chain_head IS DISTINCT FROM coalesce(l.hash, '')
 ORDER BY 1, 2
