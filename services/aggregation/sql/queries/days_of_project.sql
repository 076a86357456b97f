-- What is in force on the day counts first, else the earliest to come.
SELECT starts_on, closed_on, total_investment, currency, effective_date
  FROM aggregation.project_registration
 WHERE project_code = %(project_code)s
 ORDER BY effective_date <= %(on)s DESC, abs(%(on)s::date - effective_date), revision DESC, event_id
 LIMIT 1
