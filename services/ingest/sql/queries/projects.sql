-- Projects as they are on a day, all or those of some codes, by the rule that aggregation keeps too
-- (aggregation.unit_of): what is in force on the day comes before what is still to come, and of that the
-- earliest; a registration in force before any decision; then the latest. The days on which money may move are
-- the register's alone.
SELECT p.project_code, p.project_name, p.province_code, p.owner_code, r.starts_on, r.closed_on
  FROM (SELECT DISTINCT ON (s.project_code) s.project_code, s.project_name, s.province_code, s.owner_code
          FROM ingest.project_statement AS s
         WHERE %(codes)s::text[] IS NULL OR s.project_code = ANY(%(codes)s::text[])
         ORDER BY s.project_code, (s.effective_date <= %(on)s::date) DESC,
                  (s.effective_date <= %(on)s::date AND s.is_registration) DESC, abs(%(on)s::date - s.effective_date),
                  s.is_registration DESC, s.decision_date DESC, s.revision DESC, s.event_id) AS p
  LEFT JOIN LATERAL
       (SELECT s.starts_on, s.closed_on
          FROM ingest.project_statement AS s
         WHERE s.project_code = p.project_code AND s.is_registration
         ORDER BY (s.effective_date <= %(on)s::date) DESC, abs(%(on)s::date - s.effective_date), s.revision DESC, s.event_id
         LIMIT 1) AS r ON true
