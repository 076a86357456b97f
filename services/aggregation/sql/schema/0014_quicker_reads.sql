-- The same answers sooner: what a daily tick reads of a province is measured by make bench-tick. Nothing that the
-- version before asks is answered otherwise.

-- The decisions that count: of one source's line of one decision, the highest revision. A corrected reallocation
-- replaces every side of what it corrects, also those that it no longer names: one decision holds as a whole.
CREATE OR REPLACE FUNCTION aggregation.plan_decisions(p_known_at timestamptz)
RETURNS SETOF aggregation.plan_revision
LANGUAGE sql STABLE AS $$
SELECT r.*
  FROM aggregation.plan_revision AS r
 WHERE (p_known_at IS NULL OR r.applied_at <= p_known_at)
   AND NOT EXISTS (
     SELECT FROM aggregation.plan_revision AS later
      WHERE later.budget_year = r.budget_year AND later.project_code = r.project_code
        AND later.fund_source = r.fund_source AND later.base = r.base
        AND later.carried_from_year = r.carried_from_year
        AND later.decision_number = r.decision_number AND later.source = r.source
        AND later.revision > r.revision
        AND later.reallocation_id IS NULL AND r.reallocation_id IS NULL
        AND (p_known_at IS NULL OR later.applied_at <= p_known_at))
   -- One join for all: asked for each row, it would be thought so dear that a server with JIT compiles the whole.
   AND NOT EXISTS (
     SELECT FROM aggregation.plan_revision AS later
      WHERE later.reallocation_id IS NOT NULL AND r.reallocation_id IS NOT NULL
        AND later.decision_number = r.decision_number
        AND later.source = r.source AND later.budget_year = r.budget_year
        AND later.revision > r.revision
        AND (p_known_at IS NULL OR later.applied_at <= p_known_at))
$$;

-- Who each project of a budget year is on a day. What the register says in force on the day comes first, then
-- the plan: its latest decision up to the day, or its first one before that. A project is of the year where a
-- decision or money is. unit_officer answers for the whole unit, accountable_officer for the project.
CREATE OR REPLACE FUNCTION aggregation.projects(p_budget_year integer, p_as_of date, p_known_at timestamptz)
RETURNS TABLE (
    project_code text,
    project_name text,
    level text,
    owner_code text,
    owner_name text,
    accountable_officer text,
    unit_officer text,
    project_group text,
    district text,
    sector text,
    province_code text
)
-- What a full join of distinct rows holds, the planner takes for a handful: without this it joins twenty
-- thousand projects with as many officers by going through all of them for each.
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
WITH decision AS (
    -- A side of a reallocation says nothing of whose its project is.
    SELECT * FROM aggregation.plan_decisions(p_known_at) AS r
     WHERE r.budget_year = p_budget_year AND r.reallocation_id IS NULL
), planned AS (
    SELECT DISTINCT ON (r.project_code)
           r.project_code, r.project_name, r.level, r.owner_code, r.owner_name, r.accountable_officer,
           r.project_group, r.district, r.sector, r.province_code
      FROM decision AS r
     ORDER BY r.project_code,
              r.effective_date <= p_as_of DESC,
              CASE WHEN r.effective_date <= p_as_of THEN p_as_of - r.effective_date ELSE r.effective_date - p_as_of END,
              r.decision_date DESC, r.revision DESC, r.event_id
), registered AS (
    SELECT DISTINCT ON (r.project_code)
           r.project_code, r.project_name, r.owner_code, r.project_group, r.district, r.sector, r.province_code
      FROM aggregation.project_registration AS r
     WHERE r.effective_date <= p_as_of AND (p_known_at IS NULL OR r.applied_at <= p_known_at)
     ORDER BY r.project_code, r.effective_date DESC, r.revision DESC, r.event_id
), owner_named AS (
    SELECT DISTINCT ON (r.province_code, r.owner_code) r.province_code, r.owner_code, r.owner_name
      FROM aggregation.owner_registration AS r
     WHERE r.effective_date <= p_as_of AND (p_known_at IS NULL OR r.applied_at <= p_known_at)
     ORDER BY r.province_code, r.owner_code, r.effective_date DESC, r.revision DESC, r.event_id
), officer AS (
    -- Of a project (in the unit it belongs to), or of a whole unit: project_code is empty then.
    SELECT DISTINCT ON (r.province_code, r.owner_code, r.project_code)
           r.province_code, r.owner_code, r.project_code, r.officer_name
      FROM aggregation.officer_assignment AS r
     WHERE r.effective_date <= p_as_of AND (p_known_at IS NULL OR r.applied_at <= p_known_at)
     ORDER BY r.province_code, r.owner_code, r.project_code, r.effective_date DESC, r.revision DESC, r.event_id
), project AS (
    SELECT coalesce(registered.project_code, planned.project_code) AS project_code,
           coalesce(registered.project_name, planned.project_name) AS project_name,
           coalesce(planned.level, 'project') AS level,
           coalesce(registered.owner_code, planned.owner_code) AS owner_code,
           -- The decision names its own owner; who another owner is, the register and other decisions say.
           CASE WHEN registered.owner_code IS NULL
                  OR (registered.owner_code, registered.province_code) = (planned.owner_code, planned.province_code)
                THEN planned.owner_name END AS planned_owner_name,
           planned.accountable_officer,
           coalesce(nullif(registered.project_group, ''), planned.project_group, '') AS project_group,
           coalesce(nullif(registered.district, ''), planned.district, '') AS district,
           coalesce(nullif(registered.sector, ''), planned.sector, '') AS sector,
           coalesce(registered.province_code, planned.province_code) AS province_code
      FROM planned
      FULL JOIN registered ON registered.project_code = planned.project_code
), owner_planned AS (
    -- Of owners of a project that neither the register nor its own decision names.
    SELECT DISTINCT ON (r.province_code, r.owner_code) r.province_code, r.owner_code, r.owner_name
      FROM decision AS r
     WHERE (r.province_code, r.owner_code) IN (
           SELECT p.province_code, p.owner_code FROM project AS p WHERE p.planned_owner_name IS NULL)
     ORDER BY r.province_code, r.owner_code, r.effective_date DESC, r.decision_date DESC, r.event_id
)
SELECT project.project_code, project.project_name, project.level, project.owner_code,
       coalesce(owner_named.owner_name, project.planned_owner_name, owner_planned.owner_name, project.owner_code),
       coalesce(own.officer_name, of_unit.officer_name, project.accountable_officer, ''),
       coalesce(of_unit.officer_name, ''),
       project.project_group, project.district, project.sector, project.province_code
  FROM project
  LEFT JOIN owner_named
    ON owner_named.province_code = project.province_code AND owner_named.owner_code = project.owner_code
  LEFT JOIN owner_planned
    ON owner_planned.province_code = project.province_code AND owner_planned.owner_code = project.owner_code
  LEFT JOIN officer AS own
    ON own.province_code = project.province_code AND own.owner_code = project.owner_code
   AND own.project_code = project.project_code
  LEFT JOIN officer AS of_unit
    ON of_unit.province_code = project.province_code AND of_unit.owner_code = project.owner_code
   AND of_unit.project_code = ''
$$;

-- A line is a project's appropriation from one fund source in one budget year.
-- This is the one place that says what a line holds on a day; progress and the read API both ask it.
--
-- p_series: the series that may count, the preferred first. The first of them that a line has is
-- counted; series are never added.
-- p_known_at: as the ledger knew it at that instant; NULL for all it knows.
CREATE OR REPLACE FUNCTION aggregation.lines(
    p_budget_year integer, p_as_of date, p_province text, p_series text[], p_known_at timestamptz)
RETURNS TABLE (
    project_code text,
    fund_source text,
    project_name text,
    level text,
    owner_code text,
    owner_name text,
    accountable_officer text,
    unit_officer text,
    project_group text,
    district text,
    sector text,
    province_code text,
    initial_plan bigint,
    current_plan bigint,
    allocated_plan bigint,
    carry_over_plan bigint,
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
    SELECT * FROM aggregation.projects(p_budget_year, p_as_of, p_known_at)
), decision AS (
    SELECT * FROM aggregation.plan_decisions(p_known_at) AS r
     WHERE r.budget_year = p_budget_year AND r.effective_date <= p_as_of
), carried AS (
    -- Of each earlier year its latest decision; never in the year's own plan.
    SELECT latest.project_code, latest.fund_source, sum(latest.amount)::bigint AS carry_over_plan
      FROM (SELECT DISTINCT ON (r.project_code, r.fund_source, r.carried_from_year)
                   r.project_code, r.fund_source, r.amount
              FROM decision AS r
             WHERE r.base = 'carry_over'
             ORDER BY r.project_code, r.fund_source, r.carried_from_year,
                      r.effective_date DESC, r.decision_date DESC, r.revision DESC, r.event_id) AS latest
     GROUP BY latest.project_code, latest.fund_source
), plan AS (
    -- In one order for all, so that the rows are sorted once; of one base, the base orders nothing.
    SELECT r.project_code, r.fund_source,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id)
               FILTER (WHERE r.base = 'initial'))[1] AS initial_plan,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id)
               FILTER (WHERE r.base IN ('adjusted', 'initial')))[1] AS current_plan,
           (array_agg(r.amount ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id)
               FILTER (WHERE r.base = 'allocated'))[1] AS allocated_plan,
           (array_agg(r.decision_number
                      ORDER BY r.effective_date DESC, r.decision_date DESC, r.base, r.revision DESC, r.event_id)
               FILTER (WHERE r.base IN ('adjusted', 'initial')))[1] AS decision_number,
           max(r.effective_date) FILTER (WHERE r.base IN ('adjusted', 'initial')) AS plan_effective_date
      FROM decision AS r
     GROUP BY r.project_code, r.fund_source
), by_series AS (
    SELECT b.project_code, b.fund_source, b.series,
           sum(b.disbursed)::bigint AS disbursed,
           sum(b.work_certified)::bigint AS work_certified,
           sum(b.advance_outstanding)::bigint AS advance_outstanding,
           max(b.value_date) AS last_movement_date
      FROM aggregation.moved(p_known_at) AS b
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
       AND (p_known_at IS NULL OR s.applied_at <= p_known_at)
       AND NOT EXISTS (
           SELECT FROM aggregation.moved(p_known_at) AS b
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
       project.accountable_officer, project.unit_officer, project.project_group, project.district, project.sector,
       project.province_code,
       coalesce(line.initial_plan, 0), coalesce(line.current_plan, 0), coalesce(line.allocated_plan, 0),
       coalesce(carried.carry_over_plan, 0),
       line.decision_number, line.plan_effective_date,
       line.series,
       coalesce(line.disbursed, 0), coalesce(line.work_certified, 0), coalesce(line.advance_outstanding, 0),
       line.last_movement_date,
       -- Vouchers have no statement, so that none is looked for.
       line.series LIKE '%\_statements' AND coalesce((
           -- The statement that counts on the day: a booked one of a date replaces an estimate of it.
           SELECT s.status = 'estimate'
             FROM aggregation.statement_line AS s
            WHERE s.budget_year = p_budget_year AND s.project_code = line.project_code
              AND s.fund_source = line.fund_source AND s.series = line.series AND s.as_of <= p_as_of
              AND (p_known_at IS NULL OR s.applied_at <= p_known_at)
            ORDER BY s.as_of DESC, s.status, s.revision DESC
            LIMIT 1
       ), false)
  FROM line
  LEFT JOIN carried ON carried.project_code = line.project_code AND carried.fund_source = line.fund_source
  LEFT JOIN project ON project.project_code = line.project_code
 WHERE p_province IS NULL OR project.province_code = p_province
$$;

-- The last day a province's books reach, up to a day: where nothing was reported yet, NULL. Whose a project is, is
-- said as by projects(), without everything else that it says of one.
CREATE OR REPLACE FUNCTION aggregation.books_through(
    p_budget_year integer, p_province text, p_until date, p_series text[], p_known_at timestamptz)
RETURNS date
-- As projects() does: where nothing was counted yet, the planner goes through all projects for each.
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
WITH registered AS (
    SELECT DISTINCT ON (r.project_code) r.project_code, r.province_code
      FROM aggregation.project_registration AS r
     WHERE r.effective_date <= p_until AND (p_known_at IS NULL OR r.applied_at <= p_known_at)
     ORDER BY r.project_code, r.effective_date DESC, r.revision DESC, r.event_id
), planned AS (
    SELECT DISTINCT ON (r.project_code) r.project_code, r.province_code
      FROM aggregation.plan_decisions(p_known_at) AS r
     WHERE r.budget_year = p_budget_year AND r.reallocation_id IS NULL
       AND NOT EXISTS (SELECT FROM registered WHERE registered.project_code = r.project_code)
     ORDER BY r.project_code,
              r.effective_date <= p_until DESC,
              CASE WHEN r.effective_date <= p_until THEN p_until - r.effective_date ELSE r.effective_date - p_until END,
              r.decision_date DESC, r.revision DESC, r.event_id
), project AS (
    SELECT registered.project_code FROM registered WHERE registered.province_code = p_province
     UNION ALL
    SELECT planned.project_code FROM planned WHERE planned.province_code = p_province
)
SELECT greatest(
    (SELECT max(b.value_date) FROM aggregation.moved(p_known_at) AS b
      WHERE b.budget_year = p_budget_year AND b.value_date <= p_until AND b.series = ANY (p_series)
        AND b.project_code IN (SELECT project.project_code FROM project)),
    (SELECT max(s.as_of) FROM aggregation.statement_line AS s
      WHERE s.budget_year = p_budget_year AND s.as_of <= p_until AND s.series = ANY (p_series)
        AND (p_known_at IS NULL OR s.applied_at <= p_known_at)
        AND s.project_code IN (SELECT project.project_code FROM project))
)
$$;
