-- Balances are the sums of the ledger's rows: none missing, none too many.
WITH summed AS (
    SELECT budget_year, project_code, fund_source, series, value_date,
           sum(disbursed) AS disbursed, sum(work_certified) AS work_certified,
           sum(advance_outstanding) AS advance_outstanding, count(*) AS movements
      FROM aggregation.ledger
     GROUP BY budget_year, project_code, fund_source, series, value_date
)
SELECT concat_ws(', ', coalesce(s.project_code, b.project_code), coalesce(s.fund_source, b.fund_source),
                 coalesce(s.budget_year, b.budget_year), coalesce(s.series, b.series)) AS line,
       coalesce(s.value_date, b.value_date) AS value_date,
       concat_ws(' ', s.disbursed, s.work_certified, s.advance_outstanding, s.movements) AS ledger,
       concat_ws(' ', b.disbursed, b.work_certified, b.advance_outstanding, b.movements) AS balance
  FROM summed AS s
  FULL JOIN aggregation.balance AS b
    ON b.budget_year = s.budget_year AND b.project_code = s.project_code AND b.fund_source = s.fund_source
   AND b.series = s.series AND b.value_date = s.value_date
 WHERE (s.disbursed, s.work_certified, s.advance_outstanding, s.movements)
       IS DISTINCT FROM
       (b.disbursed::numeric, b.work_certified::numeric, b.advance_outstanding::numeric, b.movements)
 ORDER BY line, value_date
