SELECT l.event_id, l.project_code, l.fund_source, l.budget_year, l.series, l.kind, l.amount, l.value_date,
       l.disbursed, l.work_certified, l.advance_outstanding,
       EXISTS (SELECT 1 FROM aggregation.ledger AS r WHERE r.reverses_event_id = l.event_id)
  FROM aggregation.ledger AS l
 WHERE l.event_id = ANY (%s::uuid[])
