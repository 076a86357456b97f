SELECT fund_source, carried_from_year, amount, decision_number, effective_date, series, disbursed
  FROM aggregation.carried_over(%(budget_year)s, %(as_of)s, %(series)s, %(known_at)s)
 WHERE project_code = %(project_code)s
 ORDER BY fund_source, carried_from_year
