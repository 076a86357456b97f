INSERT INTO aggregation.project_registration (
       event_id, content_hash, source, source_ref, project_code, project_name, province_code,
       owner_code, project_group, district, sector, starts_on, closed_on, total_investment,
       currency, effective_date, revision, recorded_at, topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
