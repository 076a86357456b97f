SELECT quarantine_id, topic, event_id, reason, detail, partition, "offset", quarantined_at
  FROM aggregation.quarantine
 WHERE state = 'held' AND quarantine_id > %s
 ORDER BY quarantine_id
 LIMIT %s
