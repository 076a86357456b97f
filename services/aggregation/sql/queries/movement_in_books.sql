SELECT source, source_ref, project_code, fund_source, budget_year, kind, amount, currency, value_date, status,
       reverses_event_id, content_hash
  FROM aggregation.ledger
 WHERE event_id = %s AND event_id = origin_event_id
