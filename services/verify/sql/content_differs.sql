-- A row still says what was taken in: its content hash is that of its columns (name=value lines, sorted, in NFC). By
-- whose books a movement is and how a recovery is booked is said by the hash alone, so that each is tried.
WITH stated AS (
    SELECT 'ledger' AS book, l.block_no, l.event_id, l.source_ref, l.content_hash,
           concat('budget_year=', l.budget_year, E'\ncurrency=', l.currency, E'\nfund_source=', l.fund_source,
                  E'\nkind=', l.kind, E'\nminor_units=', l.amount, E'\nproject_code=', l.project_code) AS before,
           concat(E'\nreverses_event_id=', l.reverses_event_id, E'\nstatus=', l.status,
                  E'\ntype=movement\nvalue_date=', l.value_date) AS behind,
           ARRAY[E'\nrecovery_booking=gross\nreporter=treasury', E'\nrecovery_booking=gross\nreporter=owner',
                 E'\nrecovery_booking=net\nreporter=treasury', E'\nrecovery_booking=net\nreporter=owner'] AS between
      FROM aggregation.ledger AS l
     WHERE l.kind <> 'statement_difference'
     UNION ALL
    SELECT 'statement_line', s.block_no, s.event_id, s.source_ref, s.content_hash,
           concat('as_of=', s.as_of, E'\nbudget_year=', s.budget_year, E'\ncurrency=', s.currency, E'\nfund_source=',
                  s.fund_source, E'\nminor_units=', s.cumulative, E'\nproject_code=', s.project_code),
           concat(E'\nreporter=', s.reporter, E'\nrevision=', s.revision, E'\nstatus=', s.status,
                  E'\ntype=statement_line'),
           ARRAY['']
      FROM aggregation.statement_line AS s
     UNION ALL
    SELECT 'completed_work_line', w.block_no, w.event_id, w.source_ref, w.content_hash,
           concat('as_of=', w.as_of, E'\nbudget_year=', w.budget_year, E'\ncurrency=', w.currency, E'\nminor_units=',
                  w.cumulative, E'\nproject_code=', w.project_code),
           concat(E'\nrevision=', w.revision, E'\nstatus=', w.status, E'\ntype=completed_work_line'),
           ARRAY['']
      FROM aggregation.completed_work_line AS w
)
SELECT s.book, s.block_no, s.event_id, s.source_ref
  FROM stated AS s
 WHERE NOT EXISTS (
       SELECT FROM unnest(s.between) AS tried,
              LATERAL (SELECT s.before || tried || s.behind AS lines) AS content
        WHERE s.content_hash = sha256(convert_to(
              CASE WHEN octet_length(content.lines) = char_length(content.lines) THEN content.lines
                   ELSE normalize(content.lines, NFC) END, 'UTF8')))
