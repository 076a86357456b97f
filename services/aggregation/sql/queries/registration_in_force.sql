SELECT starts_on, closed_on, total_investment, currency, effective_date
  FROM aggregation.project_registration
 WHERE project_code = %(project_code)s AND effective_date <= %(as_of)s
 ORDER BY effective_date DESC, revision DESC, event_id
 LIMIT 1
