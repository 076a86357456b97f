-- Capital that is carried over, and what is paid of it; reallocations between projects (docs/adr/0025).

-- A reallocation is in the books as the revisions it leads to, one for each side: all of them carry its event id and
-- content hash. Their texts on whose the project is are empty.
ALTER TABLE aggregation.plan_revision ADD COLUMN reallocation_id uuid;
-- What the decision says the side had before it, đồng.
ALTER TABLE aggregation.plan_revision ADD COLUMN amount_before bigint;
-- Decisions come by the thousand, and no row has a reallocation yet: each is built empty, after one scan.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX plan_revision_reallocation ON aggregation.plan_revision (reallocation_id)
    WHERE reallocation_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX plan_revision_reallocated_by ON aggregation.plan_revision (decision_number)
    WHERE reallocation_id IS NOT NULL;

-- What was paid after its plan's closing day was paid on carry-over capital. Until now such a day was refused, so
-- each is built empty, after one scan (a million rows: a quarter of a second), for which writers wait.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX balance_carried ON aggregation.balance (budget_year, value_date)
    WHERE value_date > make_date(budget_year + 1, 1, 31);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_carried ON aggregation.ledger (budget_year, value_date)
    WHERE value_date > make_date(budget_year + 1, 1, 31);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX statement_line_carried ON aggregation.statement_line (budget_year, as_of)
    WHERE as_of > make_date(budget_year + 1, 1, 31);

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
   AND (r.reallocation_id IS NULL OR NOT EXISTS (
     SELECT FROM aggregation.plan_revision AS later
      WHERE later.reallocation_id IS NOT NULL AND later.decision_number = r.decision_number
        AND later.source = r.source AND later.budget_year = r.budget_year
        AND later.revision > r.revision
        AND (p_known_at IS NULL OR later.applied_at <= p_known_at)))
$$;

-- The unit that a project belongs to on a day. What is in force on the day counts first, else the earliest to
-- come; a registration in force outranks every plan decision. Ingest judges by the same rule
-- (services/ingest/sql/queries/projects.sql).
CREATE OR REPLACE FUNCTION aggregation.unit_of(p_project_code text, p_on date)
RETURNS TABLE (province_code text, owner_code text)
LANGUAGE sql STABLE AS $$
SELECT stated.province_code, stated.owner_code
  FROM (SELECT r.province_code, r.owner_code, r.effective_date, r.effective_date AS decision_date, r.revision,
               r.event_id, true AS is_registration
          FROM aggregation.project_registration AS r
         WHERE r.project_code = p_project_code
         UNION ALL
        SELECT r.province_code, r.owner_code, r.effective_date, r.decision_date, r.revision,
               r.event_id, false
          FROM aggregation.plan_revision AS r
         WHERE r.project_code = p_project_code AND r.reallocation_id IS NULL) AS stated
 ORDER BY stated.effective_date <= p_on DESC,
          (stated.effective_date <= p_on AND stated.is_registration) DESC,
          abs(p_on - stated.effective_date),
          stated.is_registration DESC, stated.decision_date DESC, stated.revision DESC, stated.event_id
 LIMIT 1
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
), owner_planned AS (
    SELECT DISTINCT ON (r.province_code, r.owner_code) r.province_code, r.owner_code, r.owner_name
      FROM decision AS r
     ORDER BY r.province_code, r.owner_code, r.effective_date DESC, r.decision_date DESC, r.event_id
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

-- Capital carried over into a budget year, by the year whose plan it comes from: what was decided, and what was paid
-- of it up to a day. Kept beside the year's own plan, never in it. amount is NULL where money was paid and no
-- decision is known: sources arrive out of order, so that it is shown and not refused.
--
-- Paid: money of the earlier year's plan with a value date after that year's closing day (31 January) and in the
-- year it is carried into, up to 31 December (Law 39/2019/QH14, art. 68). p_series, p_known_at: as of lines().
CREATE FUNCTION aggregation.carried_over(
    p_budget_year integer, p_as_of date, p_series text[], p_known_at timestamptz)
RETURNS TABLE (
    project_code text,
    fund_source text,
    carried_from_year integer,
    amount bigint,
    decision_number text,
    effective_date date,
    series text,
    disbursed bigint
)
LANGUAGE sql STABLE AS $$
WITH decided AS (
    SELECT DISTINCT ON (r.project_code, r.fund_source, r.carried_from_year)
           r.project_code, r.fund_source, r.carried_from_year, r.amount, r.decision_number, r.effective_date
      FROM aggregation.plan_decisions(p_known_at) AS r
     WHERE r.budget_year = p_budget_year AND r.effective_date <= p_as_of AND r.base = 'carry_over'
     ORDER BY r.project_code, r.fund_source, r.carried_from_year,
              r.effective_date DESC, r.decision_date DESC, r.revision DESC, r.event_id
), stated AS (
    SELECT m.project_code, m.fund_source, m.budget_year, m.series, m.value_date,
           m.disbursed, m.work_certified, m.advance_outstanding
      FROM aggregation.moved(p_known_at) AS m
     WHERE m.value_date > make_date(m.budget_year + 1, 1, 31)
       AND m.budget_year BETWEEN p_budget_year - 2 AND p_budget_year - 1
       AND m.value_date BETWEEN make_date(p_budget_year, 1, 1) AND least(p_as_of, make_date(p_budget_year, 12, 31))
       AND m.series = ANY (p_series)
     UNION ALL
    -- A statement of zero moves nothing, and is an account all the same.
    SELECT s.project_code, s.fund_source, s.budget_year, s.series, s.as_of, 0, 0, 0
      FROM aggregation.statement_line AS s
     WHERE s.as_of > make_date(s.budget_year + 1, 1, 31)
       AND s.budget_year BETWEEN p_budget_year - 2 AND p_budget_year - 1
       AND s.as_of BETWEEN make_date(p_budget_year, 1, 1) AND least(p_as_of, make_date(p_budget_year, 12, 31))
       AND s.series = ANY (p_series)
       AND (p_known_at IS NULL OR s.applied_at <= p_known_at)
), by_series AS (
    SELECT s.project_code, s.fund_source, s.budget_year, s.series, sum(s.disbursed)::bigint AS disbursed
      FROM stated AS s
     GROUP BY s.project_code, s.fund_source, s.budget_year, s.series
    -- Vouchers that were all taken back are no account of the line.
    HAVING s.series LIKE '%\_statements'
        OR sum(s.disbursed) <> 0 OR sum(s.work_certified) <> 0 OR sum(s.advance_outstanding) <> 0
), paid AS (
    SELECT DISTINCT ON (s.project_code, s.fund_source, s.budget_year)
           s.project_code, s.fund_source, s.budget_year, s.series, s.disbursed
      FROM by_series AS s
     ORDER BY s.project_code, s.fund_source, s.budget_year, array_position(p_series, s.series)
)
SELECT coalesce(decided.project_code, paid.project_code), coalesce(decided.fund_source, paid.fund_source),
       coalesce(decided.carried_from_year, paid.budget_year),
       decided.amount, decided.decision_number, decided.effective_date,
       paid.series, coalesce(paid.disbursed, 0)
  FROM decided
  FULL JOIN paid
    ON paid.project_code = decided.project_code AND paid.fund_source = decided.fund_source
   AND paid.budget_year = decided.carried_from_year
$$;
