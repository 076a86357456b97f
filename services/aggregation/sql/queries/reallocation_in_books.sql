SELECT source, source_ref, budget_year, decision_number, decision_date, effective_date, revision, currency,
       array_agg(project_code ORDER BY project_code COLLATE "C", fund_source COLLATE "C") AS project_codes,
       array_agg(fund_source ORDER BY project_code COLLATE "C", fund_source COLLATE "C") AS fund_sources,
       array_agg(amount_before ORDER BY project_code COLLATE "C", fund_source COLLATE "C") AS before,
       array_agg(amount ORDER BY project_code COLLATE "C", fund_source COLLATE "C") AS after
  FROM aggregation.plan_revision
 WHERE reallocation_id = %s
 GROUP BY source, source_ref, budget_year, decision_number, decision_date, effective_date, revision, currency
