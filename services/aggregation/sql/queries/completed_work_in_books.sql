SELECT source, source_ref, project_code, budget_year, cumulative, currency, as_of, status, revision
  FROM aggregation.completed_work_line
 WHERE event_id = %s
