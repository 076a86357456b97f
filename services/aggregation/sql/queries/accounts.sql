SELECT fund_source, series, treasury, appropriation, advance_outstanding, work_paid
  FROM aggregation.account_balances(%(budget_year)s, %(as_of)s, %(known_at)s)
 WHERE project_code = %(project_code)s
 ORDER BY fund_source, series
