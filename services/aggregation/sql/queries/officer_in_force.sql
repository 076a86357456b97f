-- The project's own officer before that of its whole unit; of each, the latest assignment.
SELECT officer_name, officer_post, officer_email, project_code = '', effective_date
  FROM aggregation.officer_assignment
 WHERE province_code = %(province_code)s AND owner_code = %(owner_code)s
   AND project_code IN (%(project_code)s, '') AND effective_date <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR applied_at <= %(known_at)s)
 ORDER BY project_code = '', effective_date DESC, revision DESC, event_id
 LIMIT 1
