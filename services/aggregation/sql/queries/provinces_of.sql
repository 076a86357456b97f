-- Every province and owner that ever answered for these projects: those they left are told too.
SELECT DISTINCT budget_year, province_code, project_code, owner_code FROM aggregation.plan_revision
 WHERE (project_code, budget_year) IN (SELECT * FROM unnest(%s::text[], %s::integer[]))
