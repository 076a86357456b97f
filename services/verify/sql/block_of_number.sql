SELECT coalesce(p.topic, b.topic_id) AS topic, b.topic_id, b.partition, b.from_offset, b.next_offset, b.block_no,
       b.applied_at
  FROM aggregation.block AS b
  LEFT JOIN aggregation.source_position AS p ON p.topic_id = b.topic_id AND p.partition = b.partition
 WHERE b.block_no = %s
