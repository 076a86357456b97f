SELECT conflict_id, event_id, topic, partition, "offset", seen_at
  FROM aggregation.conflict
 WHERE conflict_id > %s
 ORDER BY conflict_id
 LIMIT %s
