INSERT INTO aggregation.plan_revision (
       event_id, content_hash, source, source_ref, project_code, project_name, level, owner_code,
       owner_name, accountable_officer, fund_source, project_group, district, sector, province_code,
       budget_year, base, amount, currency, decision_number, decision_date, effective_date,
       carried_from_year, revision, recorded_at, topic_id, partition, "offset", index)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
