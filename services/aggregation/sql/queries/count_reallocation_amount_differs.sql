-- In every budget year that is open on the day; the order is that in which decisions count (aggregation.lines).
SELECT count(*)
  FROM (SELECT r.reallocation_id, r.amount_before,
               coalesce(lag(r.amount) OVER (
                   PARTITION BY r.budget_year, r.project_code, r.fund_source
                       ORDER BY r.effective_date, r.decision_date, r.base DESC, r.revision, r.event_id DESC), 0)
                   AS held
          FROM aggregation.plan_decisions(NULL) AS r
         WHERE r.budget_year = ANY (%(years)s) AND r.effective_date <= %(as_of)s
           AND r.base IN ('initial', 'adjusted')) AS counting
 WHERE counting.reallocation_id IS NOT NULL AND counting.amount_before <> counting.held
