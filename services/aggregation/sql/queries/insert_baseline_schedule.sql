INSERT INTO aggregation.baseline_schedule (
       event_id, content_hash, source, source_ref, kind, scope_code, budget_year, points,
       decision_number, effective_date, rate_base, revision, recorded_at, topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
