-- Cumulative by value date, in the series that counts for each line.
SELECT value_date, sum(sum(disbursed)) OVER (ORDER BY value_date)::bigint
  FROM (SELECT b.value_date, b.disbursed
          FROM aggregation.lines(%(budget_year)s, %(as_of)s, NULL, %(series)s, %(known_at)s) AS l
          JOIN aggregation.moved(%(known_at)s) AS b
            ON b.budget_year = %(budget_year)s AND b.project_code = l.project_code
           AND b.fund_source = l.fund_source AND b.series = l.series AND b.value_date <= %(as_of)s
         WHERE l.project_code = %(project_code)s) AS moved
 GROUP BY value_date
 ORDER BY value_date
