-- Each line with what led to it. Days are counted from 1 January.
--   accounts    each series with the sum of what it says
--   movements   {day, disbursed, work certified, advance outstanding} of the series that counts, in any order
--   decisions   {day, plan in force from then on}, by day; what is decided of a day before 1 January is of day 0
--   advances    {day, amount} of the series that counts, the latest first; an advance or a recovery that was
--               reversed was none
WITH account AS MATERIALIZED (
    SELECT m.project_code, m.fund_source, m.series, sum(m.disbursed)::bigint AS disbursed,
           array_agg(ARRAY[m.value_date - make_date(%(budget_year)s, 1, 1),
                           m.disbursed, m.work_certified, m.advance_outstanding]) AS movements
      FROM aggregation.moved(%(known_at)s) AS m
     WHERE m.budget_year = %(budget_year)s AND m.value_date <= %(as_of)s AND m.series = ANY (%(series)s)
     GROUP BY m.project_code, m.fund_source, m.series
), accounts AS (
    SELECT a.project_code, a.fund_source, array_agg(a.series) AS series, array_agg(a.disbursed) AS disbursed
      FROM account AS a
     GROUP BY a.project_code, a.fund_source
), decided AS (
    SELECT d.project_code, d.fund_source, array_agg(ARRAY[d.day, d.amount] ORDER BY d.day) AS decisions
      FROM (SELECT DISTINCT ON (r.project_code, r.fund_source, day)
                   r.project_code, r.fund_source, r.amount,
                   greatest(r.effective_date - make_date(%(budget_year)s, 1, 1), 0) AS day
              FROM aggregation.plan_decisions(%(known_at)s) AS r
             WHERE r.budget_year = %(budget_year)s AND r.effective_date <= %(as_of)s
               AND r.base IN ('initial', 'adjusted')
             -- As aggregation.lines says which decision is in force.
             ORDER BY r.project_code, r.fund_source, day,
                      r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id) AS d
     GROUP BY d.project_code, d.fund_source
), advanced AS (
    SELECT l.project_code, l.fund_source, l.series,
           array_agg(ARRAY[l.value_date - make_date(%(budget_year)s, 1, 1), l.advance_outstanding]
                     ORDER BY l.value_date DESC, l.seq DESC) AS advances
      FROM aggregation.ledger AS l
     WHERE l.budget_year = %(budget_year)s AND l.value_date <= %(as_of)s
       AND l.advance_outstanding > 0 AND l.reverses_event_id IS NULL
       AND (%(known_at)s::timestamptz IS NULL OR l.applied_at <= %(known_at)s)
       AND NOT EXISTS (
           SELECT FROM aggregation.ledger AS r
            WHERE r.reverses_event_id IS NOT NULL
              AND r.reverses_event_id = l.event_id AND r.value_date <= %(as_of)s
              AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s))
     GROUP BY l.project_code, l.fund_source, l.series
)
SELECT line.project_code, line.fund_source, line.project_name, line.level, line.owner_code, line.owner_name,
       line.accountable_officer, line.unit_officer, line.project_group, line.district, line.sector,
       line.province_code, line.initial_plan, line.current_plan, line.allocated_plan, line.carry_over_plan,
       line.decision_number, line.plan_effective_date, line.series, line.disbursed, line.work_certified,
       line.advance_outstanding, line.last_movement_date, line.includes_estimate,
       accounts.series, accounts.disbursed, counted.movements, decided.decisions, advanced.advances
  FROM aggregation.lines(%(budget_year)s, %(as_of)s, %(province)s, %(series)s, %(known_at)s) AS line
  LEFT JOIN accounts
    ON accounts.project_code = line.project_code AND accounts.fund_source = line.fund_source
  LEFT JOIN account AS counted
    ON counted.project_code = line.project_code AND counted.fund_source = line.fund_source
   AND counted.series = line.series
  LEFT JOIN decided
    ON decided.project_code = line.project_code AND decided.fund_source = line.fund_source
  LEFT JOIN advanced
    ON advanced.project_code = line.project_code AND advanced.fund_source = line.fund_source
   AND advanced.series = line.series AND line.advance_outstanding > 0
 ORDER BY line.project_code, line.fund_source
