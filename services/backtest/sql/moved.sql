-- What moved by line, series and day: by all that is known from the sums by day, by the day it came to be known
-- from the ledger's rows. A statement moves what its postings say; that it was made counts too.
SELECT b.project_code, b.fund_source, date '0001-01-01', b.value_date, b.series,
       b.disbursed, b.work_certified, b.advance_outstanding
  FROM aggregation.balance AS b
 WHERE NOT %(as_known)s AND b.budget_year = %(budget_year)s AND b.series = ANY (%(series)s)
   AND b.project_code = ANY (%(projects)s)
 UNION ALL
SELECT l.project_code, l.fund_source, (l.applied_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, l.value_date, l.series,
       sum(l.disbursed)::bigint, sum(l.work_certified)::bigint, sum(l.advance_outstanding)::bigint
  FROM aggregation.ledger AS l
 WHERE %(as_known)s AND l.budget_year = %(budget_year)s AND l.series = ANY (%(series)s)
   AND l.project_code = ANY (%(projects)s)
 GROUP BY 1, 2, 3, 4, 5
 UNION ALL
SELECT s.project_code, s.fund_source,
       CASE WHEN %(as_known)s THEN (s.applied_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date ELSE '0001-01-01' END,
       s.as_of, s.series, 0, 0, 0
  FROM aggregation.statement_line AS s
 WHERE s.budget_year = %(budget_year)s AND s.series = ANY (%(series)s) AND s.project_code = ANY (%(projects)s)
