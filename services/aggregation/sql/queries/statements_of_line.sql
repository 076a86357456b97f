SELECT source, source_ref, cumulative, currency, as_of, status, reporter, revision
  FROM aggregation.statement_line
 WHERE budget_year = %s AND project_code = %s AND fund_source = %s AND series = %s
