-- A reversal is on the line and in the series of what it names, of its amount, and the opposite of its effect.
SELECT r.block_no, r.event_id, r.reverses_event_id
  FROM aggregation.ledger AS r
  LEFT JOIN aggregation.ledger AS m ON m.event_id = r.reverses_event_id
 WHERE r.kind = 'reversal'
   AND (m.event_id IS NULL
        OR m.kind IN ('reversal', 'statement_difference')
        OR (r.project_code, r.fund_source, r.budget_year, r.series, r.amount, r.currency)
           <> (m.project_code, m.fund_source, m.budget_year, m.series, m.amount, m.currency)
        OR (r.disbursed, r.work_certified, r.advance_outstanding)
           <> (-m.disbursed, -m.work_certified, -m.advance_outstanding))
 UNION ALL
SELECT o.block_no, o.event_id, o.reverses_event_id
  FROM aggregation.ledger AS o
 WHERE o.kind <> 'reversal' AND o.reverses_event_id IS NOT NULL
