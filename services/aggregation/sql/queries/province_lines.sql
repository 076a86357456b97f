-- Each line with its changes: on which days (counted from 1 January) what moved in the series that counts, and by
-- how much the plan in force changed. A day may be there twice; what a decision says from before 1 January is of day 0.
WITH line AS MATERIALIZED (
    SELECT * FROM aggregation.lines(%(budget_year)s, %(as_of)s, %(province)s, %(series)s, %(known_at)s)
), change AS (
    SELECT m.project_code, m.fund_source, m.value_date - make_date(%(budget_year)s, 1, 1) AS day,
           m.disbursed, m.work_certified, m.advance_outstanding, 0 AS plan
      FROM line
      JOIN aggregation.moved(%(known_at)s) AS m
        ON m.budget_year = %(budget_year)s AND m.project_code = line.project_code
       AND m.fund_source = line.fund_source AND m.series = line.series
     WHERE m.value_date <= %(as_of)s
     UNION ALL
    SELECT d.project_code, d.fund_source, d.day, 0, 0, 0,
           d.amount - lag(d.amount, 1, 0::bigint) OVER (PARTITION BY d.project_code, d.fund_source ORDER BY d.day)
      FROM (SELECT DISTINCT ON (r.project_code, r.fund_source, day)
                   r.project_code, r.fund_source, r.amount,
                   greatest(r.effective_date - make_date(%(budget_year)s, 1, 1), 0) AS day
              FROM aggregation.plan_decisions(%(known_at)s) AS r
             WHERE r.budget_year = %(budget_year)s AND r.effective_date <= %(as_of)s
               AND r.base IN ('initial', 'adjusted')
             -- As aggregation.lines says which decision is in force.
             ORDER BY r.project_code, r.fund_source, day,
                      r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id) AS d
), changes AS (
    SELECT c.project_code, c.fund_source,
           array_agg(c.day) AS days, array_agg(c.disbursed) AS disbursed,
           array_agg(c.work_certified) AS work_certified,
           array_agg(c.advance_outstanding) AS advance_outstanding, array_agg(c.plan) AS plan
      FROM change AS c
     GROUP BY c.project_code, c.fund_source
)
SELECT line.project_code, line.fund_source, line.project_name, line.level, line.owner_code, line.owner_name,
       line.accountable_officer, line.unit_officer, line.project_group, line.district, line.sector,
       line.province_code, line.initial_plan, line.current_plan, line.allocated_plan, line.carry_over_plan,
       line.decision_number, line.plan_effective_date, line.series, line.disbursed, line.work_certified,
       line.advance_outstanding, line.last_movement_date, line.includes_estimate,
       c.days, c.disbursed, c.work_certified, c.advance_outstanding, c.plan
  FROM line
  LEFT JOIN changes AS c ON c.project_code = line.project_code AND c.fund_source = line.fund_source
 ORDER BY line.project_code, line.fund_source
