-- The rows of the ledger behind these lines, in every series, by value date: counts says whether the row's series is
-- the one that counts; reversed, whether another row known then took it back up to the day.
SELECT l.value_date, l.seq, l.event_id, l.origin_event_id, l.project_code, l.fund_source, l.series,
       l.series = line.series AS counts, l.kind, l.amount, l.disbursed, l.work_certified, l.advance_outstanding,
       l.status, l.source, l.source_ref, l.reverses_event_id,
       EXISTS (SELECT FROM aggregation.ledger AS r
                WHERE r.reverses_event_id = l.event_id AND r.value_date <= %(as_of)s
                  AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)) AS reversed,
       l.applied_at
  FROM unnest(%(projects)s::text[], %(fund_sources)s::text[], %(series)s::text[])
           AS line (project_code, fund_source, series)
  JOIN aggregation.ledger AS l ON l.project_code = line.project_code AND l.fund_source = line.fund_source
 WHERE l.budget_year = %(budget_year)s AND l.value_date <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR l.applied_at <= %(known_at)s)
   AND (%(after_day)s::date IS NULL OR (l.value_date, l.seq) > (%(after_day)s::date, %(after_seq)s))
 ORDER BY l.value_date, l.seq
 LIMIT %(limit)s
