INSERT INTO aggregation.completed_work_line (
       event_id, content_hash, source, source_ref, project_code, budget_year, cumulative, currency,
       as_of, status, revision, recorded_at, topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
