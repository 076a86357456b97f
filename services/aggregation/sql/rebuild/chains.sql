-- Each position with the head of its chain, live and rebuilt.
SELECT l.topic, l.topic_id, l.partition, l.next_offset, r.next_offset, l.chain_head, r.chain_head
  FROM aggregation.source_position AS l
  LEFT JOIN aggregation_rebuild.source_position AS r USING (topic_id, partition)
 ORDER BY l.topic_id, l.partition
