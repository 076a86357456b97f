-- The register changed for a project, or for every project of a unit: each is told again, in every year in
-- which it has a plan or money.
WITH project AS (
    SELECT %(project_code)s AS project_code WHERE %(project_code)s <> ''
     UNION
    SELECT r.project_code FROM aggregation.plan_revision AS r
     WHERE %(project_code)s = '' AND r.province_code = %(province_code)s AND r.owner_code = %(owner_code)s
     UNION
    SELECT r.project_code FROM aggregation.project_registration AS r
     WHERE %(project_code)s = '' AND r.province_code = %(province_code)s AND r.owner_code = %(owner_code)s
), concerned AS (
    SELECT r.project_code, r.budget_year FROM aggregation.plan_revision AS r JOIN project USING (project_code)
     UNION
    SELECT l.project_code, l.budget_year FROM aggregation.ledger AS l JOIN project USING (project_code)
)
INSERT INTO aggregation.progress_due AS d (project_code, budget_year, mark)
SELECT c.project_code, c.budget_year, nextval('aggregation.progress_mark')
  FROM concerned AS c
 ORDER BY c.project_code, c.budget_year
    ON CONFLICT (project_code, budget_year) DO UPDATE SET mark = excluded.mark
