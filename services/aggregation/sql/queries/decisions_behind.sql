-- The decisions in force on the day of these lines, each base for itself: by decision and fund source, over all lines.
WITH line AS (
    SELECT * FROM unnest(%(projects)s::text[], %(fund_sources)s::text[]) AS l (project_code, fund_source)
), in_force AS (
    SELECT DISTINCT ON (r.project_code, r.fund_source, r.base, r.carried_from_year) r.*
      FROM aggregation.plan_decisions(%(known_at)s) AS r
      JOIN line ON line.project_code = r.project_code AND line.fund_source = r.fund_source
     WHERE r.budget_year = %(budget_year)s AND r.effective_date <= %(as_of)s
     ORDER BY r.project_code, r.fund_source, r.base, r.carried_from_year,
              r.effective_date DESC, r.decision_date DESC, r.revision DESC, r.event_id
)
SELECT d.decision_number, d.decision_date, d.effective_date, d.base, d.carried_from_year, d.fund_source, d.revision,
       sum(d.amount)::bigint AS amount, count(*) AS lines
  FROM in_force AS d
 GROUP BY d.decision_number, d.decision_date, d.effective_date, d.base, d.carried_from_year, d.fund_source, d.revision
 ORDER BY d.effective_date, d.decision_date, d.decision_number, d.base, d.carried_from_year, d.fund_source, d.revision
 LIMIT %(most)s
