-- The latest report of each of these projects up to the day, as completed_work.sql says which it is.
SELECT DISTINCT ON (w.project_code)
       w.project_code, w.cumulative, w.as_of
  FROM aggregation.completed_work_line AS w
 WHERE w.project_code = ANY (%(projects)s) AND w.budget_year = %(budget_year)s AND w.as_of <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR w.applied_at <= %(known_at)s)
 ORDER BY w.project_code, w.as_of DESC, w.status = 'actual' DESC, w.revision DESC, w.event_id
