-- What blocks later than the positions told added to days up to the day told: at most so many of a project, the
-- earliest value date first. A statement stands for the differences it led to.
WITH block AS (
    SELECT b.block_no
      FROM aggregation.source_position AS p
     CROSS JOIN LATERAL (
           SELECT b.block_no FROM aggregation.block AS b
            WHERE b.topic_id = p.topic_id AND b.partition = p.partition AND b.block_no IS NOT NULL
              AND b.from_offset >=
                  coalesce((%(positions)s::jsonb ->> concat(p.topic_id, '/', p.partition))::bigint, 0)) AS b
), late AS (
    SELECT l.project_code, l.fund_source, l.event_id, l.value_date
      FROM block JOIN aggregation.ledger AS l ON l.block_no = block.block_no
     WHERE l.budget_year = %(budget_year)s AND l.kind <> 'statement_difference' AND l.value_date <= %(told_as_of)s
     UNION ALL
    SELECT s.project_code, s.fund_source, s.event_id, s.as_of
      FROM block JOIN aggregation.statement_line AS s ON s.block_no = block.block_no
     WHERE s.budget_year = %(budget_year)s AND s.as_of <= %(told_as_of)s
)
SELECT ranked.project_code, ranked.fund_source, ranked.event_id, ranked.value_date
  FROM (SELECT late.*, row_number() OVER (PARTITION BY project_code ORDER BY value_date, event_id) AS place
          FROM late WHERE late.project_code = ANY (%(projects)s)) AS ranked
 WHERE ranked.place <= %(most)s
 ORDER BY ranked.project_code, ranked.value_date, ranked.event_id
