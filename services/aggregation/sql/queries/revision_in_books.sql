SELECT source, source_ref, project_code, project_name, level, owner_code, owner_name, accountable_officer,
       fund_source, project_group, district, sector, province_code, budget_year, base, amount, currency,
       decision_number, decision_date, effective_date, carried_from_year, revision
  FROM aggregation.plan_revision
 WHERE event_id = %s AND reallocation_id IS NULL
