SELECT project_code, fund_source, series, sum(disbursed)::bigint
  FROM aggregation.moved(%(known_at)s)
 WHERE budget_year = %(budget_year)s AND value_date <= %(as_of)s AND series = ANY (%(series)s)
   AND project_code = ANY (%(projects)s)
 GROUP BY project_code, fund_source, series
 ORDER BY project_code, fund_source, series
