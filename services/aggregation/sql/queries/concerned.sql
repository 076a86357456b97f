-- Whom due projects concern, in each province they are or ever were in: the projects, and every owner, district,
-- sector and fund source that they ever belonged to (empty where a row does not say). Those they left are told too.
WITH due AS (
    SELECT * FROM unnest(%s::text[], %s::integer[]) AS d (project_code, budget_year)
), named AS (
    SELECT r.budget_year, r.province_code, r.project_code, r.owner_code, r.district, r.sector, r.fund_source
      FROM aggregation.plan_revision AS r JOIN due USING (project_code, budget_year)
     -- A side of a reallocation says nothing of whose its project is.
     WHERE r.reallocation_id IS NULL
     UNION
    SELECT due.budget_year, r.province_code, r.project_code, r.owner_code, r.district, r.sector, ''
      FROM aggregation.project_registration AS r JOIN due USING (project_code)
)
SELECT * FROM named
 UNION
-- A fund source that only a reallocation gives the project, or money of one that no decision gives it.
SELECT place.budget_year, place.province_code, place.project_code, '', '', '', line.fund_source
  FROM (SELECT DISTINCT budget_year, province_code, project_code FROM named) AS place
  JOIN (SELECT b.budget_year, b.project_code, b.fund_source FROM aggregation.balance AS b
         UNION ALL
        SELECT r.budget_year, r.project_code, r.fund_source FROM aggregation.plan_revision AS r
         WHERE r.reallocation_id IS NOT NULL) AS line
    ON line.budget_year = place.budget_year AND line.project_code = place.project_code
