SELECT r.project_code, r.fund_source, r.source, r.reaches
  FROM aggregation.source_reaches(%(budget_year)s, %(as_of)s, %(known_at)s) AS r
 WHERE r.project_code = ANY (%(projects)s)
 ORDER BY r.project_code, r.fund_source, r.source
