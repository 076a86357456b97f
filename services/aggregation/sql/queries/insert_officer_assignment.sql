INSERT INTO aggregation.officer_assignment (
       event_id, content_hash, source, source_ref, province_code, owner_code, project_code,
       officer_name, officer_post, officer_email, effective_date, revision, recorded_at, topic_id,
       partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
