SELECT DISTINCT ON (kind, scope_code, budget_year)
       source, source_ref, kind, scope_code, budget_year, points, decision_number, effective_date, rate_base
  FROM aggregation.baseline_schedule
 WHERE scope_code = ANY (%(scopes)s)
   AND effective_date <= %(as_of)s
   AND (budget_year = %(budget_year)s OR (budget_year = %(budget_year)s - 1 AND kind = 'national'))
 ORDER BY kind, scope_code, budget_year, effective_date DESC, event_id
