-- A difference names the statement that led to it, on its own line; every other row is its own origin.
SELECT l.block_no, l.event_id
  FROM aggregation.ledger AS l
  LEFT JOIN aggregation.statement_line AS s
    ON s.event_id = l.origin_event_id
   AND (s.project_code, s.fund_source, s.budget_year, s.series, s.content_hash)
       = (l.project_code, l.fund_source, l.budget_year, l.series, l.content_hash)
 WHERE l.kind = 'statement_difference' AND s.event_id IS NULL
 UNION ALL
SELECT o.block_no, o.event_id
  FROM aggregation.ledger AS o
 WHERE o.kind <> 'statement_difference' AND o.origin_event_id <> o.event_id
