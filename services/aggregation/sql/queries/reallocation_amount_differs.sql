-- Sides of reallocations in which the amount before is not what the books hold just before the decision, in the order
-- in which decisions count (aggregation.lines).
WITH counting AS (
    SELECT r.project_code, r.fund_source, r.reallocation_id, r.amount_before, r.effective_date, r.decision_number,
           coalesce(lag(r.amount) OVER (
               PARTITION BY r.project_code, r.fund_source
                   ORDER BY r.effective_date, r.decision_date, r.base DESC, r.revision, r.event_id DESC), 0) AS held
      FROM aggregation.plan_decisions(%(known_at)s) AS r
     WHERE r.budget_year = %(budget_year)s AND r.effective_date <= %(as_of)s AND r.base IN ('initial', 'adjusted')
       AND (%(project_code)s::text IS NULL OR r.project_code = %(project_code)s)
), found AS (
    SELECT c.*, concat('reallocation/', c.reallocation_id) AS key
      FROM counting AS c
     WHERE c.reallocation_id IS NOT NULL AND c.amount_before <> c.held
)
SELECT f.project_code, f.fund_source, f.key, NULL AS series, f.amount_before - f.held, f.effective_date,
       project.project_name, project.province_code, project.owner_code, project.owner_name,
       project.accountable_officer, NULL AS events, 0 AS total, f.decision_number, f.reallocation_id, NULL
  FROM found AS f
  LEFT JOIN aggregation.projects(%(budget_year)s, %(as_of)s, %(known_at)s) AS project USING (project_code)
 WHERE (%(province)s::text IS NULL OR project.province_code = %(province)s)
   AND (%(owner)s::text IS NULL OR project.owner_code = %(owner)s)
   AND (%(unit_province)s = '' OR project.province_code = %(unit_province)s)
   AND (%(unit_owner)s = '' OR project.owner_code = %(unit_owner)s)
   AND (%(after)s::text[] IS NULL
        OR (f.project_code, f.fund_source, f.key)
           > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY f.project_code, f.fund_source, f.key
 LIMIT %(limit)s
