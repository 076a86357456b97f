-- A line is a project's appropriation from one fund source in one budget year.
-- This is the one place that says what a line holds on a day; progress and the read API both ask it.
--
-- p_series: the series that may count, the preferred first. The first of them that a line has is
-- counted; series are never added.
CREATE FUNCTION aggregation.lines(p_budget_year integer, p_as_of date, p_province text, p_series text[])
RETURNS TABLE (
    project_code text,
    fund_source text,
    project_name text,
    level text,
    owner_code text,
    owner_name text,
    accountable_officer text,
    project_group text,
    district text,
    sector text,
    province_code text,
    initial_plan bigint,
    current_plan bigint,
    allocated_plan bigint,
    decision_number text,
    plan_effective_date date,
    series text,
    disbursed bigint,
    work_certified bigint,
    advance_outstanding bigint,
    last_movement_date date,
    includes_estimate boolean
)
LANGUAGE sql STABLE AS $$
WITH project AS (
    -- Who a project is: by its latest decision up to the day, or by its first one before that.
    SELECT DISTINCT ON (r.project_code)
           r.project_code, r.project_name, r.level, r.owner_code, r.owner_name, r.accountable_officer,
           r.project_group, r.district, r.sector, r.province_code
      FROM aggregation.plan_revision AS r
     WHERE r.budget_year = p_budget_year
     ORDER BY r.project_code,
              r.effective_date <= p_as_of DESC,
              CASE WHEN r.effective_date <= p_as_of THEN p_as_of - r.effective_date ELSE r.effective_date - p_as_of END,
              r.decision_date DESC, r.event_id
), plan AS (
    SELECT r.project_code, r.fund_source,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.event_id)
               FILTER (WHERE r.base = 'initial'))[1] AS initial_plan,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.event_id)
               FILTER (WHERE r.base IN ('adjusted', 'initial')))[1] AS current_plan,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.event_id)
               FILTER (WHERE r.base = 'allocated'))[1] AS allocated_plan,
           (array_agg(r.decision_number ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.event_id)
               FILTER (WHERE r.base IN ('adjusted', 'initial')))[1] AS decision_number,
           max(r.effective_date) FILTER (WHERE r.base IN ('adjusted', 'initial')) AS plan_effective_date
      FROM aggregation.plan_revision AS r
     WHERE r.budget_year = p_budget_year AND r.effective_date <= p_as_of
     GROUP BY r.project_code, r.fund_source
), by_series AS (
    SELECT b.project_code, b.fund_source, b.series,
           sum(b.disbursed)::bigint AS disbursed,
           sum(b.work_certified)::bigint AS work_certified,
           sum(b.advance_outstanding)::bigint AS advance_outstanding,
           max(b.value_date) AS last_movement_date
      FROM aggregation.balance AS b
     WHERE b.budget_year = p_budget_year AND b.value_date <= p_as_of AND b.series = ANY (p_series)
     GROUP BY b.project_code, b.fund_source, b.series
    -- Vouchers that were all taken back are no account of the line.
    HAVING b.series LIKE '%\_statements'
        OR sum(b.disbursed) <> 0 OR sum(b.work_certified) <> 0 OR sum(b.advance_outstanding) <> 0
     UNION ALL
    -- A statement of zero moves nothing, and is an account all the same.
    SELECT s.project_code, s.fund_source, s.series, 0, 0, 0, NULL
      FROM aggregation.statement_line AS s
     WHERE s.budget_year = p_budget_year AND s.as_of <= p_as_of AND s.series = ANY (p_series)
       AND NOT EXISTS (
           SELECT FROM aggregation.balance AS b
            WHERE b.budget_year = s.budget_year AND b.project_code = s.project_code
              AND b.fund_source = s.fund_source AND b.series = s.series AND b.value_date <= p_as_of)
     GROUP BY s.project_code, s.fund_source, s.series
), counted AS (
    SELECT DISTINCT ON (s.project_code, s.fund_source) s.*
      FROM by_series AS s
     ORDER BY s.project_code, s.fund_source, array_position(p_series, s.series)
), line AS (
    SELECT coalesce(plan.project_code, counted.project_code) AS project_code,
           coalesce(plan.fund_source, counted.fund_source) AS fund_source,
           plan.initial_plan, plan.current_plan, plan.allocated_plan,
           plan.decision_number, plan.plan_effective_date,
           counted.series, counted.disbursed, counted.work_certified, counted.advance_outstanding,
           counted.last_movement_date
      FROM plan
      FULL JOIN counted
        ON counted.project_code = plan.project_code AND counted.fund_source = plan.fund_source
)
SELECT line.project_code, line.fund_source,
       project.project_name, project.level, project.owner_code, project.owner_name,
       project.accountable_officer, project.project_group, project.district, project.sector,
       project.province_code,
       coalesce(line.initial_plan, 0), coalesce(line.current_plan, 0), coalesce(line.allocated_plan, 0),
       line.decision_number, line.plan_effective_date,
       line.series,
       coalesce(line.disbursed, 0), coalesce(line.work_certified, 0), coalesce(line.advance_outstanding, 0),
       line.last_movement_date,
       coalesce((
           -- The statement that counts on the day: a booked one of a date replaces an estimate of it.
           SELECT s.status = 'estimate'
             FROM aggregation.statement_line AS s
            WHERE s.budget_year = p_budget_year AND s.project_code = line.project_code
              AND s.fund_source = line.fund_source AND s.series = line.series AND s.as_of <= p_as_of
            ORDER BY s.as_of DESC, s.status, s.revision DESC
            LIMIT 1
       ), false)
  FROM line
  LEFT JOIN project ON project.project_code = line.project_code
 WHERE p_province IS NULL OR project.province_code = p_province
$$;

-- The last day a province's books reach, up to a day: where nothing was reported yet, NULL.
CREATE FUNCTION aggregation.books_through(p_budget_year integer, p_province text, p_until date, p_series text[])
RETURNS date
LANGUAGE sql STABLE AS $$
WITH project AS (
    SELECT DISTINCT r.project_code
      FROM aggregation.plan_revision AS r
     WHERE r.budget_year = p_budget_year AND r.province_code = p_province
)
SELECT greatest(
    (SELECT max(b.value_date) FROM aggregation.balance AS b JOIN project USING (project_code)
      WHERE b.budget_year = p_budget_year AND b.value_date <= p_until AND b.series = ANY (p_series)),
    (SELECT max(s.as_of) FROM aggregation.statement_line AS s JOIN project USING (project_code)
      WHERE s.budget_year = p_budget_year AND s.as_of <= p_until AND s.series = ANY (p_series))
)
$$;
