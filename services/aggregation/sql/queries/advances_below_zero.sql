-- Lines and series whose advance outstanding is below zero on a day, since when, and the latest events that took
-- from it since. Of the series that are counted: an estimate stands apart from the advance that it will recover.
WITH below AS (
    SELECT b.project_code, b.fund_source, b.series, -b.advance_outstanding AS amount,
           project.project_name, project.province_code, project.owner_code, project.owner_name,
           project.accountable_officer
      FROM aggregation.account_balances(%(budget_year)s, %(as_of)s, %(known_at)s) AS b
      LEFT JOIN aggregation.projects(%(budget_year)s, %(as_of)s, %(known_at)s) AS project USING (project_code)
     WHERE b.advance_outstanding < 0 AND b.series = ANY (%(series)s)
       AND (%(project_code)s::text IS NULL OR b.project_code = %(project_code)s)
       AND (%(province)s::text IS NULL OR project.province_code = %(province)s)
       AND (%(owner)s::text IS NULL OR project.owner_code = %(owner)s)
       AND (%(unit_province)s = '' OR project.province_code = %(unit_province)s)
       AND (%(unit_owner)s = '' OR project.owner_code = %(unit_owner)s)
       AND (%(after)s::text[] IS NULL
            OR (b.project_code, b.fund_source, b.series)
               > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
     ORDER BY b.project_code, b.fund_source, b.series
     LIMIT %(limit)s
), daily AS (
    SELECT m.project_code, m.fund_source, m.series, m.value_date,
           sum(sum(m.advance_outstanding)) OVER (
               PARTITION BY m.project_code, m.fund_source, m.series ORDER BY m.value_date) AS outstanding
      FROM aggregation.moved(%(known_at)s) AS m
      JOIN below USING (project_code, fund_source, series)
     WHERE m.budget_year = %(budget_year)s AND m.value_date <= %(as_of)s
     GROUP BY m.project_code, m.fund_source, m.series, m.value_date
), sound AS (
    SELECT d.project_code, d.fund_source, d.series, d.value_date,
           max(d.value_date) FILTER (WHERE d.outstanding >= 0) OVER (
               PARTITION BY d.project_code, d.fund_source, d.series) AS last_sound
      FROM daily AS d
), since AS (
    -- The first day after the last one on which it was not below zero.
    SELECT s.project_code, s.fund_source, s.series, min(s.value_date) AS since
      FROM sound AS s
     WHERE s.last_sound IS NULL OR s.value_date > s.last_sound
     GROUP BY s.project_code, s.fund_source, s.series
)
SELECT below.project_code, below.fund_source, below.series AS key, below.series, below.amount, since.since,
       below.project_name, below.province_code, below.owner_code, below.owner_name, below.accountable_officer,
       behind.events, behind.total, NULL AS decision_number, NULL AS decided_by, NULL AS carried_from_year
  FROM below
  JOIN since USING (project_code, fund_source, series)
 CROSS JOIN LATERAL (
       SELECT json_agg(taken ORDER BY taken.value_date DESC, taken.seq DESC)
                  FILTER (WHERE taken.place <= %(events)s) AS events,
              count(*) AS total
         FROM (SELECT l.event_id, l.kind, l.amount, l.value_date, l.source, l.source_ref, l.applied_at, l.seq,
                      row_number() OVER (ORDER BY l.value_date DESC, l.seq DESC) AS place
                 FROM aggregation.ledger AS l
                WHERE l.project_code = below.project_code AND l.budget_year = %(budget_year)s
                  AND l.fund_source = below.fund_source AND l.series = below.series
                  AND l.value_date BETWEEN since.since AND %(as_of)s
                  AND l.advance_outstanding < 0
                  AND (%(known_at)s::timestamptz IS NULL OR l.applied_at <= %(known_at)s)) AS taken) AS behind
 ORDER BY below.project_code, below.fund_source, below.series
