INSERT INTO aggregation.progress_due AS d (project_code, budget_year, mark)
VALUES (%s, %s, nextval('aggregation.progress_mark'))
    ON CONFLICT (project_code, budget_year) DO UPDATE SET mark = excluded.mark
