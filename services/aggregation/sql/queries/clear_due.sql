-- Only as they were read: a change since then has another mark and stays due.
DELETE FROM aggregation.progress_due AS d
 USING unnest(%s::text[], %s::integer[], %s::bigint[]) AS told (project_code, budget_year, mark)
 WHERE d.project_code = told.project_code AND d.budget_year = told.budget_year AND d.mark = told.mark
