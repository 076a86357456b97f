-- Money paid on carried-over capital that no known decision carries over, and the latest events of it.
WITH paid AS (
    SELECT c.project_code, c.fund_source, c.carried_from_year, c.series, c.disbursed,
           concat('carry_over/', c.carried_from_year) AS key
      FROM aggregation.carried_over(%(budget_year)s, %(as_of)s, %(counted)s, %(known_at)s) AS c
     WHERE c.amount IS NULL AND c.disbursed <> 0
       AND (%(project_code)s::text IS NULL OR c.project_code = %(project_code)s)
), found AS (
    SELECT paid.*, coalesce(project.project_name, former.project_name) AS project_name,
           coalesce(project.province_code, former.province_code) AS province_code,
           coalesce(project.owner_code, former.owner_code) AS owner_code,
           coalesce(project.owner_name, former.owner_name) AS owner_name,
           coalesce(project.accountable_officer, former.accountable_officer) AS accountable_officer
      FROM paid
      LEFT JOIN aggregation.projects(%(budget_year)s, %(as_of)s, %(known_at)s) AS project USING (project_code)
      -- One that the year's decisions do not name: who it was in the year the capital comes from.
      LEFT JOIN LATERAL (
          SELECT p.* FROM aggregation.projects(paid.carried_from_year, %(as_of)s, %(known_at)s) AS p
           WHERE p.project_code = paid.project_code) AS former ON project.project_code IS NULL
)
SELECT f.project_code, f.fund_source, f.key, f.series, f.disbursed, behind.since,
       f.project_name, f.province_code, f.owner_code, f.owner_name, f.accountable_officer,
       behind.events, behind.total, NULL AS decision_number, NULL AS decided_by, f.carried_from_year
  FROM found AS f
 CROSS JOIN LATERAL (
       SELECT min(moved.value_date) AS since, count(*) AS total,
              json_agg(moved ORDER BY moved.value_date DESC, moved.seq DESC)
                  FILTER (WHERE moved.place <= %(events)s) AS events
         FROM (SELECT l.event_id, l.kind, l.amount, l.value_date, l.source, l.source_ref, l.applied_at, l.seq,
                      row_number() OVER (ORDER BY l.value_date DESC, l.seq DESC) AS place
                 FROM aggregation.ledger AS l
                WHERE l.project_code = f.project_code AND l.budget_year = f.carried_from_year
                  AND l.fund_source = f.fund_source AND l.series = f.series
                  AND l.value_date > make_date(l.budget_year + 1, 1, 31)
                  AND l.value_date BETWEEN make_date(%(budget_year)s, 1, 1) AND %(as_of)s
                  AND (%(known_at)s::timestamptz IS NULL OR l.applied_at <= %(known_at)s)) AS moved) AS behind
 WHERE (%(province)s::text IS NULL OR f.province_code = %(province)s)
   AND (%(owner)s::text IS NULL OR f.owner_code = %(owner)s)
   AND (%(unit_province)s = '' OR f.province_code = %(unit_province)s)
   AND (%(unit_owner)s = '' OR f.owner_code = %(unit_owner)s)
   AND (%(after)s::text[] IS NULL
        OR (f.project_code, f.fund_source, f.key)
           > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY f.project_code, f.fund_source, f.key
 LIMIT %(limit)s
