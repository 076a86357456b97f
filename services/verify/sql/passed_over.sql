-- Blocks of records that the log lost: each has its words in the audit.
SELECT coalesce(p.topic, b.topic_id) AS topic, b.topic_id, b.partition, b.from_offset, b.next_offset, b.block_no,
       b.applied_at, b.digest
  FROM {schema}.block AS b
  LEFT JOIN {schema}.source_position AS p ON p.topic_id = b.topic_id AND p.partition = b.partition
 WHERE b.digest_version = 3
 ORDER BY b.applied_at
