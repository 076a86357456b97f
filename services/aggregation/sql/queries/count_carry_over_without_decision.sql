-- In every budget year that is open on the day.
SELECT count(*)
  FROM unnest(%(years)s::integer[]) AS open (budget_year)
 CROSS JOIN LATERAL aggregation.carried_over(open.budget_year, %(as_of)s, %(series)s, NULL) AS c
 WHERE c.amount IS NULL AND c.disbursed <> 0
