-- Each block begins where the one before it ended and holds its hash; its own hash is that of what it holds.
WITH chained AS (
    SELECT b.topic_id, b.partition, b.from_offset, b.next_offset, b.block_no, b.applied_at,
           coalesce(lag(b.next_offset) OVER of_partition, 0) AS expected_from,
           b.previous_hash = coalesce(lag(b.hash) OVER of_partition, '') AS follows,
           b.hash IS NOT DISTINCT FROM sha256(
               b.previous_hash
               || convert_to(
                   CASE b.digest_version
                       WHEN 1 THEN concat_ws('/', b.topic_id, b.partition, b.from_offset, b.next_offset)
                       WHEN 2 THEN concat_ws('/', 'v2', b.topic_id, b.partition, b.from_offset, b.next_offset,
                                             b.block_no, b.row_count,
                                             (extract(epoch FROM b.applied_at) * 1000000)::bigint, '')
                       WHEN 3 THEN concat_ws('/', 'v3', b.topic_id, b.partition, b.from_offset, b.next_offset, '')
                   END, 'UTF8')
               || b.digest) AS is_own_hash
      FROM {schema}.block AS b
    WINDOW of_partition AS (PARTITION BY b.topic_id, b.partition ORDER BY b.from_offset)
)
SELECT CASE WHEN c.is_own_hash THEN 'chain-broken' ELSE 'block-altered' END AS code,
       coalesce(p.topic, c.topic_id) AS topic,
       c.topic_id, c.partition, c.from_offset, c.next_offset, c.block_no, c.applied_at, c.expected_from
  FROM chained AS c
  LEFT JOIN {schema}.source_position AS p ON p.topic_id = c.topic_id AND p.partition = c.partition
 WHERE NOT (c.is_own_hash AND c.follows AND c.from_offset = c.expected_from AND c.next_offset > c.from_offset)
 ORDER BY c.applied_at, c.from_offset
