-- Every project of the years still open is due. One statement: a tick that ran is a tick that marked.
WITH project AS (
    SELECT DISTINCT r.project_code, r.budget_year
      FROM aggregation.plan_revision AS r
     WHERE %(business_date)s BETWEEN make_date(r.budget_year, 1, 1) AND make_date(r.budget_year + 1, 1, 31)
     UNION
    -- Money on a project that only the register knows.
    SELECT b.project_code, b.budget_year
      FROM aggregation.balance AS b JOIN aggregation.project_registration AS r USING (project_code)
     WHERE %(business_date)s BETWEEN make_date(b.budget_year, 1, 1) AND make_date(b.budget_year + 1, 1, 31)
), ticked AS (
    INSERT INTO aggregation.cutoff_tick (business_date, projects)
    SELECT %(business_date)s, count(*) FROM project
        ON CONFLICT (business_date) DO NOTHING
    RETURNING projects
), marked AS (
    INSERT INTO aggregation.progress_due AS d (project_code, budget_year, mark)
    SELECT p.project_code, p.budget_year, nextval('aggregation.progress_mark')
      FROM project AS p, ticked
     ORDER BY p.project_code, p.budget_year
        ON CONFLICT (project_code, budget_year) DO UPDATE SET mark = excluded.mark
)
SELECT projects FROM ticked
