-- Every side of these reallocations, with the unit that its project belongs to on the day, as it was known.
SELECT r.reallocation_id, r.project_code, r.fund_source, r.amount_before, r.amount,
       coalesce(project.province_code, ''), coalesce(project.owner_code, '')
  FROM aggregation.plan_revision AS r
  LEFT JOIN aggregation.projects(%(budget_year)s, %(as_of)s, %(known_at)s) AS project USING (project_code)
 WHERE r.reallocation_id = ANY (%(ids)s::uuid[])
 ORDER BY r.reallocation_id, r.project_code COLLATE "C", r.fund_source COLLATE "C"
