-- In every budget year that is open on the day, of the series that are counted.
SELECT count(*)
  FROM unnest(%(years)s::integer[]) AS open (budget_year)
 CROSS JOIN LATERAL aggregation.account_balances(open.budget_year, %(as_of)s, NULL) AS b
 WHERE b.advance_outstanding < 0 AND b.series = ANY (%(series)s)
