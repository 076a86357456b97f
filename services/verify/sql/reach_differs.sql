-- How far a source reaches in a line is the last day of which a row of the books says it stated anything.
WITH stated AS (
    SELECT x.budget_year, x.project_code, x.fund_source, x.source, max(x.day) AS reaches
      FROM (SELECT l.budget_year, l.project_code, l.fund_source, l.source, l.value_date AS day
              FROM aggregation.ledger AS l WHERE l.kind <> 'statement_difference'
             UNION ALL
            SELECT s.budget_year, s.project_code, s.fund_source, s.source, s.as_of
              FROM aggregation.statement_line AS s) AS x
     GROUP BY x.budget_year, x.project_code, x.fund_source, x.source
)
SELECT concat_ws(', ', coalesce(s.project_code, r.project_code), coalesce(s.fund_source, r.fund_source),
                 coalesce(s.budget_year, r.budget_year), coalesce(s.source, r.source)) AS line,
       s.reaches AS stated, r.reaches AS reaches
  FROM stated AS s
  FULL JOIN aggregation.source_reach AS r
    ON r.budget_year = s.budget_year AND r.project_code = s.project_code AND r.fund_source = s.fund_source
   AND r.source = s.source
 WHERE s.reaches IS DISTINCT FROM r.reaches
 ORDER BY line
