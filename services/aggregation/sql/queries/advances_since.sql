-- Of each line with an advance outstanding, in the series that counts: the value date of the oldest one not yet
-- recovered, first in first out. An advance or a recovery that was reversed was none.
WITH counted AS (
    SELECT * FROM unnest(%(projects)s::text[], %(fund_sources)s::text[], %(series)s::text[], %(outstanding)s::bigint[])
               AS c (project_code, fund_source, series, outstanding)
), advanced AS (
    SELECT c.project_code, c.fund_source, l.value_date, c.outstanding,
           sum(l.advance_outstanding) OVER (PARTITION BY c.project_code, c.fund_source
                                                ORDER BY l.value_date DESC, l.seq DESC) AS since_then
      FROM counted AS c
      JOIN aggregation.ledger AS l
        ON l.project_code = c.project_code AND l.fund_source = c.fund_source AND l.series = c.series
     WHERE l.budget_year = %(budget_year)s AND l.value_date <= %(as_of)s
       AND l.advance_outstanding > 0 AND l.reverses_event_id IS NULL
       AND (%(known_at)s::timestamptz IS NULL OR l.applied_at <= %(known_at)s)
       AND NOT EXISTS (
           SELECT FROM aggregation.ledger AS r
            WHERE r.reverses_event_id = l.event_id AND r.value_date <= %(as_of)s
              AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s))
)
-- What is outstanding is the latest of what was advanced: the last advance needed to make it up is the oldest left.
-- Where advances of the year do not make it up (of an account that is no voucher's), its first one.
SELECT project_code, fund_source,
       coalesce(max(value_date) FILTER (WHERE since_then >= outstanding), min(value_date))
  FROM advanced
 GROUP BY project_code, fund_source
