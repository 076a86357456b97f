-- What progress tells beside sums: how far each source reaches, and what came late (docs/adr/0022).

-- Nobody writes to the books before he holds his position: with that table locked none is half way, so that what
-- is counted below and what the triggers count from here on leave no row between them out.
LOCK TABLE aggregation.source_position IN EXCLUSIVE MODE;

-- The last day of which a source has stated anything of a line: a movement's value date, a statement's date.
-- Derived from the rows of the books, like balance.
CREATE TABLE aggregation.source_reach (
    budget_year integer NOT NULL,
    project_code text NOT NULL,
    fund_source text NOT NULL,
    source text NOT NULL,
    reaches date NOT NULL,
    PRIMARY KEY (budget_year, project_code, fund_source, source)
);

INSERT INTO aggregation.source_reach (budget_year, project_code, fund_source, source, reaches)
SELECT stated.budget_year, stated.project_code, stated.fund_source, stated.source, max(stated.day)
  FROM (SELECT l.budget_year, l.project_code, l.fund_source, l.source, l.value_date AS day FROM aggregation.ledger AS l
         WHERE l.kind <> 'statement_difference'
         UNION ALL
        SELECT s.budget_year, s.project_code, s.fund_source, s.source, s.as_of FROM aggregation.statement_line AS s) AS stated
 GROUP BY stated.budget_year, stated.project_code, stated.fund_source, stated.source;

-- By triggers on what was really inserted, so that no INSERT can forget it: a process of the version before, which
-- knows nothing of the table, keeps it too.
CREATE FUNCTION aggregation.reach_by_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aggregation.source_reach AS r (budget_year, project_code, fund_source, source, reaches)
    SELECT i.budget_year, i.project_code, i.fund_source, i.source, max(i.value_date)
      FROM inserted AS i
     WHERE i.kind <> 'statement_difference'
     GROUP BY i.budget_year, i.project_code, i.fund_source, i.source
     ORDER BY i.budget_year, i.project_code, i.fund_source, i.source
        ON CONFLICT (budget_year, project_code, fund_source, source)
        DO UPDATE SET reaches = excluded.reaches WHERE r.reaches < excluded.reaches;
    RETURN NULL;
END
$$;
CREATE FUNCTION aggregation.reach_by_statements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aggregation.source_reach AS r (budget_year, project_code, fund_source, source, reaches)
    SELECT i.budget_year, i.project_code, i.fund_source, i.source, max(i.as_of)
      FROM inserted AS i
     GROUP BY i.budget_year, i.project_code, i.fund_source, i.source
     ORDER BY i.budget_year, i.project_code, i.fund_source, i.source
        ON CONFLICT (budget_year, project_code, fund_source, source)
        DO UPDATE SET reaches = excluded.reaches WHERE r.reaches < excluded.reaches;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_reach AFTER INSERT ON aggregation.ledger
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION aggregation.reach_by_movements();
CREATE TRIGGER keep_reach AFTER INSERT ON aggregation.statement_line
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION aggregation.reach_by_statements();

-- How far each source reaches in each line up to a day, as the ledger knew it at an instant (NULL: all it
-- knows). The table holds the last day of all; where that is later than the day asked, and for an instant, the rows
-- are asked.
CREATE FUNCTION aggregation.source_reaches(p_budget_year integer, p_as_of date, p_known_at timestamptz)
RETURNS TABLE (project_code text, fund_source text, source text, reaches date)
LANGUAGE sql STABLE AS $$
SELECT r.project_code, r.fund_source, r.source, r.reaches
  FROM aggregation.source_reach AS r
 WHERE r.budget_year = p_budget_year AND r.reaches <= p_as_of AND p_known_at IS NULL
 UNION ALL
SELECT stated.project_code, stated.fund_source, stated.source, max(stated.day)
  FROM (SELECT l.project_code, l.fund_source, l.source, l.value_date AS day
          FROM aggregation.ledger AS l
         WHERE l.budget_year = p_budget_year AND l.value_date <= p_as_of AND l.kind <> 'statement_difference'
           AND l.applied_at <= p_known_at
         UNION ALL
        SELECT s.project_code, s.fund_source, s.source, s.as_of
          FROM aggregation.statement_line AS s
         WHERE s.budget_year = p_budget_year AND s.as_of <= p_as_of AND s.applied_at <= p_known_at
         UNION ALL
        SELECT r.project_code, r.fund_source, r.source, greatest(
                   (SELECT max(l.value_date) FROM aggregation.ledger AS l
                     WHERE l.project_code = r.project_code AND l.budget_year = r.budget_year
                       AND l.value_date <= p_as_of AND l.fund_source = r.fund_source AND l.source = r.source
                       AND l.kind <> 'statement_difference'),
                   (SELECT max(s.as_of) FROM aggregation.statement_line AS s
                     WHERE s.budget_year = r.budget_year AND s.project_code = r.project_code
                       AND s.fund_source = r.fund_source AND s.as_of <= p_as_of AND s.source = r.source))
          FROM aggregation.source_reach AS r
         WHERE r.budget_year = p_budget_year AND r.reaches > p_as_of AND p_known_at IS NULL) AS stated
 WHERE stated.day IS NOT NULL
 GROUP BY stated.project_code, stated.fund_source, stated.source
$$;

-- How far each partition was applied in what was told last: {"<topic id>/<partition>": offset}. What later blocks
-- added came after it. NULL where the books reached no day then, and nothing could come late. The version before
-- leaves it as it is: what came late before its telling is told once more after it.
ALTER TABLE aggregation.province_told ADD COLUMN positions jsonb;
