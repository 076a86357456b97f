SELECT source, source_ref, kind, scope_code, budget_year, points, decision_number, effective_date, rate_base,
       revision
  FROM aggregation.baseline_schedule
 WHERE event_id = %s
