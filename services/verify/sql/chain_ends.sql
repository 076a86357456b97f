SELECT topic, topic_id, cluster_id, partition, next_offset, chain_head
  FROM {schema}.source_position
 ORDER BY topic, adopted_at, topic_id, partition
