SELECT source, source_ref, project_code, fund_source, budget_year, cumulative, currency, as_of, status, reporter,
       revision
  FROM aggregation.statement_line
 WHERE event_id = %s
