SELECT starts_on, closed_on, total_investment, currency, effective_date
  FROM aggregation.project_registration
 WHERE project_code = %(project_code)s AND effective_date <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR applied_at <= %(known_at)s)
 ORDER BY effective_date DESC, revision DESC, event_id
 LIMIT 1
