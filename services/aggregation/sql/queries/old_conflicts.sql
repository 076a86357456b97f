SELECT c.conflict_id, c.topic, c.event_id, c.payload
  FROM aggregation.conflict AS c
 WHERE NOT EXISTS (SELECT FROM aggregation.conflict_subject AS s WHERE s.conflict_id = c.conflict_id)
 ORDER BY c.conflict_id
 LIMIT %s
