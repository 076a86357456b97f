-- What the sides of a reallocation take and give sums to zero, there are two or more, and together they are still what
-- was taken in: its content hash is that of its columns and sides, as sorted name=value lines in NFC.
WITH reallocation AS (
    SELECT r.reallocation_id, min(r.block_no) AS block_no, min(r.source_ref) AS source_ref,
           count(*) AS sides, sum(r.amount - r.amount_before) AS change,
           count(DISTINCT r.content_hash) AS hashes, (array_agg(r.content_hash))[1] AS content_hash,
           concat('budget_year=', min(r.budget_year), E'\ncurrency=', string_agg(DISTINCT r.currency, ','),
                  E'\ndecision_date=', min(r.decision_date), E'\ndecision_number=', min(r.decision_number),
                  E'\neffective_date=', min(r.effective_date),
                  CASE WHEN min(r.revision) <> 0 THEN concat(E'\nrevision=', min(r.revision)) END,
                  E'\nsides=',
                  string_agg(concat_ws(E'\x1f', r.project_code, r.fund_source, r.amount_before, r.amount), E'\x1e'
                             ORDER BY r.project_code COLLATE "C", r.fund_source COLLATE "C"),
                  E'\ntype=reallocation') AS content
      FROM aggregation.plan_revision AS r
     WHERE r.reallocation_id IS NOT NULL
     GROUP BY r.reallocation_id
)
SELECT a.block_no, a.reallocation_id, a.source_ref, a.sides, a.change
  FROM reallocation AS a
 WHERE a.sides < 2 OR a.change <> 0 OR a.hashes <> 1
    OR a.content_hash <> sha256(convert_to(normalize(a.content, NFC), 'UTF8'))
 ORDER BY a.reallocation_id
