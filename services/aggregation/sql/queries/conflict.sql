INSERT INTO aggregation.conflict (
       event_id, content_hash, topic, payload, project_code, province_code, owner_code,
       topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id, content_hash) DO NOTHING
RETURNING conflict_id
