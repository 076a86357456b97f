-- A curve changed: every project under its scope is told again. A national curve is also the next
-- year's previous-year baseline.
INSERT INTO aggregation.progress_due AS d (project_code, budget_year, mark)
SELECT p.project_code, p.budget_year, nextval('aggregation.progress_mark')
  FROM (SELECT DISTINCT r.project_code, r.budget_year
          FROM aggregation.plan_revision AS r
         WHERE r.budget_year IN (%(budget_year)s, %(budget_year)s + 1)
           AND (%(scope_code)s IN (r.project_code, r.province_code, 'VN')
                OR r.project_code IN (SELECT p.project_code FROM aggregation.project_registration AS p
                                       WHERE p.province_code = %(scope_code)s))) AS p
 ORDER BY p.project_code, p.budget_year
    ON CONFLICT (project_code, budget_year) DO UPDATE SET mark = excluded.mark
