-- What the register says in force on the day of these projects.
SELECT DISTINCT ON (r.project_code)
       r.project_code, r.starts_on, r.closed_on, r.total_investment
  FROM aggregation.project_registration AS r
 WHERE r.project_code = ANY (%(projects)s) AND r.effective_date <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)
 ORDER BY r.project_code, r.effective_date DESC, r.revision DESC, r.event_id
