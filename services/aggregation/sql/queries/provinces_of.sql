-- Every province and owner that ever answered for these projects: those they left are told too.
WITH due AS (
    SELECT * FROM unnest(%s::text[], %s::integer[]) AS d (project_code, budget_year)
)
SELECT r.budget_year, r.province_code, r.project_code, r.owner_code
  FROM aggregation.plan_revision AS r JOIN due USING (project_code, budget_year)
 WHERE r.reallocation_id IS NULL
UNION
SELECT due.budget_year, r.province_code, r.project_code, r.owner_code
  FROM aggregation.project_registration AS r JOIN due USING (project_code)
