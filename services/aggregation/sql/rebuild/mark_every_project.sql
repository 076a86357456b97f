INSERT INTO aggregation.progress_due AS d (project_code, budget_year, mark)
SELECT p.project_code, p.budget_year, nextval('aggregation.progress_mark')
  FROM (SELECT project_code, budget_year FROM aggregation.plan_revision
         UNION SELECT project_code, budget_year FROM aggregation.balance) AS p
 ORDER BY p.project_code, p.budget_year
    ON CONFLICT (project_code, budget_year) DO UPDATE SET mark = excluded.mark
