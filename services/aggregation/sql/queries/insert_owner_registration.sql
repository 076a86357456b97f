INSERT INTO aggregation.owner_registration (
       event_id, content_hash, source, source_ref, province_code, owner_code, owner_name, head_name,
       head_post, supervisor_name, effective_date, revision, recorded_at, topic_id, partition,
       "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
