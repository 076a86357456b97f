SELECT quarantine_id, topic, payload, is_record
  FROM aggregation.quarantine
 WHERE NOT is_read
 ORDER BY quarantine_id
 LIMIT %s
   FOR UPDATE
