-- A row still says what was taken in: its content hash is that of its columns, as sorted name=value lines in NFC. By
-- whose books a movement is, and how a recovery is booked, the hash alone says: what most are is tried first, then
-- each.
WITH tried (booking, reporter) AS (
    VALUES ('gross', 'treasury'), ('gross', 'owner'), ('net', 'treasury'), ('net', 'owner')
)
SELECT 'ledger' AS book, l.block_no, l.event_id, l.source_ref
  FROM aggregation.ledger AS l
 WHERE l.kind <> 'statement_difference'
   AND l.content_hash <> sha256(convert_to(concat(
       'budget_year=', l.budget_year, E'\ncurrency=', l.currency, E'\nfund_source=', l.fund_source,
       E'\nkind=', l.kind, E'\nminor_units=', l.amount, E'\nproject_code=', l.project_code,
       CASE WHEN l.series LIKE 'owner%' THEN E'\nrecovery_booking=gross\nreporter=owner'
            ELSE E'\nrecovery_booking=gross\nreporter=treasury' END,
       E'\nreverses_event_id=', l.reverses_event_id, E'\nstatus=', l.status,
       E'\ntype=movement\nvalue_date=', l.value_date), 'UTF8'))
   AND NOT EXISTS (
       SELECT FROM tried AS t
        WHERE l.content_hash = sha256(convert_to(normalize(concat(
              'budget_year=', l.budget_year, E'\ncurrency=', l.currency, E'\nfund_source=', l.fund_source,
              E'\nkind=', l.kind, E'\nminor_units=', l.amount, E'\nproject_code=', l.project_code,
              E'\nrecovery_booking=', t.booking, E'\nreporter=', t.reporter,
              E'\nreverses_event_id=', l.reverses_event_id, E'\nstatus=', l.status,
              E'\ntype=movement\nvalue_date=', l.value_date), NFC), 'UTF8')))
 UNION ALL
SELECT 'statement_line', s.block_no, s.event_id, s.source_ref
  FROM aggregation.statement_line AS s
 WHERE s.content_hash <> sha256(convert_to(normalize(concat(
       'as_of=', s.as_of, E'\nbudget_year=', s.budget_year, E'\ncurrency=', s.currency, E'\nfund_source=',
       s.fund_source, E'\nminor_units=', s.cumulative, E'\nproject_code=', s.project_code, E'\nreporter=',
       s.reporter, E'\nrevision=', s.revision, E'\nstatus=', s.status, E'\ntype=statement_line'), NFC), 'UTF8'))
 UNION ALL
SELECT 'completed_work_line', w.block_no, w.event_id, w.source_ref
  FROM aggregation.completed_work_line AS w
 WHERE w.content_hash <> sha256(convert_to(normalize(concat(
       'as_of=', w.as_of, E'\nbudget_year=', w.budget_year, E'\ncurrency=', w.currency, E'\nminor_units=',
       w.cumulative, E'\nproject_code=', w.project_code, E'\nrevision=', w.revision, E'\nstatus=', w.status,
       E'\ntype=completed_work_line'), NFC), 'UTF8'))
