-- What statements led to sums, at each day on which one was stated, to the statement that counts on that day: a
-- booked one before an estimate, then the highest revision, then the highest id. Nothing is booked on other days.
-- After the closing day of its plan (31 January), a statement is of the capital carried over into its own year.
WITH effective AS (
    SELECT DISTINCT ON (s.budget_year, s.project_code, s.fund_source, s.series, s.as_of)
           s.budget_year, s.project_code, s.fund_source, s.series, s.as_of, s.cumulative
      FROM aggregation.statement_line AS s
     ORDER BY s.budget_year, s.project_code, s.fund_source, s.series, s.as_of,
              s.status = 'actual' DESC, s.revision DESC, s.event_id DESC
), moved AS (
    SELECT l.budget_year, l.project_code, l.fund_source, l.series, l.value_date, sum(l.disbursed) AS disbursed
      FROM aggregation.ledger AS l
     WHERE l.kind = 'statement_difference'
     GROUP BY l.budget_year, l.project_code, l.fund_source, l.series, l.value_date
), by_day AS (
    SELECT coalesce(e.budget_year, m.budget_year) AS budget_year,
           coalesce(e.project_code, m.project_code) AS project_code,
           coalesce(e.fund_source, m.fund_source) AS fund_source, coalesce(e.series, m.series) AS series,
           coalesce(e.as_of, m.value_date) AS day, e.cumulative AS stated, coalesce(m.disbursed, 0) AS moved
      FROM effective AS e
      FULL JOIN moved AS m
        ON m.budget_year = e.budget_year AND m.project_code = e.project_code AND m.fund_source = e.fund_source
       AND m.series = e.series AND m.value_date = e.as_of
), running AS (
    SELECT d.budget_year, d.project_code, d.fund_source, d.series, d.day, d.stated,
           sum(d.moved) OVER (PARTITION BY d.budget_year, d.project_code, d.fund_source, d.series,
                                           CASE WHEN d.day > make_date(d.budget_year + 1, 1, 31)
                                                THEN extract(year FROM d.day) END
                                  ORDER BY d.day) AS booked
      FROM by_day AS d
)
SELECT concat_ws(', ', r.project_code, r.fund_source, r.budget_year, r.series) AS line, r.day, r.stated, r.booked
  FROM running AS r
 WHERE r.stated IS DISTINCT FROM r.booked
 ORDER BY line, r.day
