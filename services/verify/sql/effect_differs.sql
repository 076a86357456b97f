-- What a movement adds to its line is said by its kind and amount (docs/adr/0004); a reversal is asked elsewhere.
SELECT l.block_no, l.event_id, l.kind, l.amount,
       concat_ws(' ', l.disbursed, l.work_certified, l.advance_outstanding) AS effect
  FROM aggregation.ledger AS l
 WHERE l.kind <> 'reversal'
   AND (l.currency <> 'VND'
        OR NOT CASE l.kind
               WHEN 'advance' THEN l.disbursed = l.amount AND l.work_certified = 0 AND l.advance_outstanding = l.amount
               WHEN 'advance_recovery' THEN
                   l.advance_outstanding = -l.amount
                   AND (l.disbursed = -l.amount AND l.work_certified = 0
                        OR l.disbursed = 0 AND l.work_certified = l.amount)
               WHEN 'completed_work_payment' THEN
                   l.disbursed = l.amount AND l.work_certified = l.amount AND l.advance_outstanding = 0
               WHEN 'refund' THEN l.disbursed = -l.amount AND l.work_certified = 0 AND l.advance_outstanding = 0
               WHEN 'statement_difference' THEN
                   abs(l.disbursed) = l.amount AND l.work_certified = 0 AND l.advance_outstanding = 0
               ELSE false END)
