-- Each line of the year, with the capital carried over into it beside its own plan. Money on carried-over capital of
-- a project without any line in the year is a line too: no sum may lose it.
WITH carried AS (
    SELECT c.project_code, c.fund_source, sum(c.disbursed)::bigint AS disbursed,
           sum(c.disbursed) FILTER (WHERE c.amount IS NOT NULL)::bigint AS disbursed_of_plan
      FROM aggregation.carried_over(%(budget_year)s, %(as_of)s, %(series)s, %(known_at)s) AS c
     GROUP BY c.project_code, c.fund_source
), decided AS (
    SELECT r.project_code, r.fund_source, array_agg(DISTINCT r.base) AS bases
      FROM aggregation.plan_decisions(%(known_at)s) AS r
     WHERE r.budget_year = %(budget_year)s AND r.effective_date <= %(as_of)s
     GROUP BY r.project_code, r.fund_source
)
SELECT coalesce(l.project_code, c.project_code), coalesce(l.fund_source, c.fund_source),
       coalesce(l.project_name, unlined.project_name), l.level,
       coalesce(l.owner_code, unlined.owner_code), l.owner_name, l.accountable_officer,
       l.unit_officer, l.project_group, l.district, l.sector,
       coalesce(l.province_code, unlined.province_code),
       coalesce(l.initial_plan, 0), coalesce(l.current_plan, 0), coalesce(l.allocated_plan, 0),
       coalesce(l.carry_over_plan, 0), l.decision_number, l.plan_effective_date, l.series,
       coalesce(l.disbursed, 0), coalesce(l.work_certified, 0), coalesce(l.advance_outstanding, 0),
       l.last_movement_date, coalesce(l.includes_estimate, false),
       coalesce(c.disbursed, 0), coalesce(c.disbursed_of_plan, 0), coalesce(d.bases, '{}')
  FROM aggregation.lines(%(budget_year)s, %(as_of)s, %(province)s, %(series)s, %(known_at)s) AS l
  FULL JOIN carried AS c ON c.project_code = l.project_code AND c.fund_source = l.fund_source
  LEFT JOIN decided AS d ON d.project_code = l.project_code AND d.fund_source = l.fund_source
  LEFT JOIN LATERAL (
      -- By the rule of unit_of(), among what was known.
      SELECT stated.province_code, stated.owner_code, stated.project_name
        FROM (SELECT r.province_code, r.owner_code, r.project_name, r.effective_date, r.revision, r.event_id,
                     true AS is_registration
                FROM aggregation.project_registration AS r
               WHERE r.project_code = c.project_code
                 AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)
               UNION ALL
              SELECT r.province_code, r.owner_code, r.project_name, r.effective_date, r.revision, r.event_id, false
                FROM aggregation.plan_revision AS r
               WHERE r.project_code = c.project_code AND r.reallocation_id IS NULL
                 AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)) AS stated
       ORDER BY stated.effective_date <= %(as_of)s DESC,
                (stated.effective_date <= %(as_of)s AND stated.is_registration) DESC,
                abs(%(as_of)s::date - stated.effective_date), stated.is_registration DESC,
                stated.revision DESC, stated.event_id
       LIMIT 1) AS unlined ON l.project_code IS NULL
 WHERE (%(project_code)s::text IS NULL OR coalesce(l.project_code, c.project_code) = %(project_code)s)
   AND (%(province)s::text IS NULL OR coalesce(l.province_code, unlined.province_code) = %(province)s)
 ORDER BY 1, 2
