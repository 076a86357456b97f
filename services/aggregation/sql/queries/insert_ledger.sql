-- One statement, so that the balances can only come from the rows that were really inserted.
WITH inserted AS (
    INSERT INTO aggregation.ledger (
           event_id, origin_event_id, content_hash, source, source_ref, project_code, fund_source,
           budget_year, series, kind, amount, currency, disbursed, work_certified,
           advance_outstanding, value_date, status, reverses_event_id, recorded_at,
           topic_id, partition, "offset", index)
    SELECT event_id, origin_event_id, content_hash, source, source_ref, project_code, fund_source,
           budget_year, series, kind, amount, currency, disbursed, work_certified,
           advance_outstanding, value_date, status, reverses_event_id, recorded_at,
           topic_id, partition, "offset", index
      FROM ledger_stage
     ORDER BY ordinal
        ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id, project_code, fund_source, budget_year, series, value_date,
              disbursed, work_certified, advance_outstanding
), summed AS (
    INSERT INTO aggregation.balance AS b (
           project_code, fund_source, budget_year, series, value_date,
           disbursed, work_certified, advance_outstanding, movements)
    SELECT project_code, fund_source, budget_year, series, value_date,
           sum(disbursed), sum(work_certified), sum(advance_outstanding), count(*)
      FROM inserted
     GROUP BY budget_year, project_code, fund_source, series, value_date
     ORDER BY budget_year, project_code, fund_source, series, value_date
        ON CONFLICT (budget_year, project_code, fund_source, series, value_date)
        DO UPDATE SET disbursed = b.disbursed + excluded.disbursed,
                      work_certified = b.work_certified + excluded.work_certified,
                      advance_outstanding = b.advance_outstanding + excluded.advance_outstanding,
                      movements = b.movements + excluded.movements
)
SELECT event_id FROM inserted
