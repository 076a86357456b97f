-- By month of value date, in the series that counts for each line.
SELECT to_char(b.value_date, 'YYYY-MM'), sum(b.disbursed)::bigint
  FROM aggregation.lines(%(budget_year)s, %(as_of)s, %(province)s, %(series)s, %(known_at)s) AS l
  JOIN aggregation.moved(%(known_at)s) AS b
    ON b.budget_year = %(budget_year)s AND b.project_code = l.project_code
   AND b.fund_source = l.fund_source AND b.series = l.series AND b.value_date <= %(as_of)s
 WHERE %(owner)s::text IS NULL OR l.owner_code = %(owner)s
 GROUP BY 1
 ORDER BY 1
