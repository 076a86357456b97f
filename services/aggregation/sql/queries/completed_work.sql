SELECT cumulative, as_of, status
  FROM aggregation.completed_work_line
 WHERE project_code = %(project_code)s AND budget_year = %(budget_year)s AND as_of <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR applied_at <= %(known_at)s)
 ORDER BY as_of DESC, status = 'actual' DESC, revision DESC, event_id
 LIMIT 1
