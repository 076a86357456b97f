-- A revision of the plan for each side. Whose the projects are, others say.
INSERT INTO aggregation.plan_revision (
       event_id, content_hash, source, source_ref, project_code, project_name, level, owner_code,
       owner_name, accountable_officer, fund_source, project_group, district, sector, province_code,
       budget_year, base, amount, currency, decision_number, decision_date, effective_date,
       carried_from_year, revision, recorded_at, topic_id, partition, "offset", index,
       reallocation_id, amount_before)
SELECT side.event_id, %(content_hash)s, %(source)s, %(source_ref)s, side.project_code, '', 'project', '',
       '', '', side.fund_source, '', '', '', '',
       %(budget_year)s, 'adjusted', side.after, %(currency)s, %(decision_number)s, %(decision_date)s,
       %(effective_date)s, 0, %(revision)s, %(recorded_at)s, place.topic_id, place.partition, place."offset",
       place.index, %(reallocation_id)s, side.before
  FROM unnest(%(event_ids)s::uuid[], %(project_codes)s::text[], %(fund_sources)s::text[], %(before)s::bigint[],
              %(after)s::bigint[]) WITH ORDINALITY AS side (event_id, project_code, fund_source, before, after, n)
 CROSS JOIN (VALUES %(place)s) AS place (topic_id, partition, "offset", index)
 ORDER BY side.n
    ON CONFLICT (event_id) DO NOTHING
