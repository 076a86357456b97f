-- Every revision of a project's plan of a year that was known, and by which event it is corrected (the rules are
-- those of aggregation.plan_decisions).
SELECT r.event_id AS row_id, coalesce(r.reallocation_id, r.event_id) AS event_id, r.fund_source, r.base, r.amount,
       r.decision_number, r.decision_date, r.effective_date, r.carried_from_year, r.revision, r.amount_before,
       corrected.by AS corrected_by, r.source, r.applied_at, r.reallocation_id
  FROM aggregation.plan_revision AS r
  LEFT JOIN LATERAL (
      SELECT coalesce(later.reallocation_id, later.event_id) AS by
        FROM aggregation.plan_revision AS later
       WHERE later.decision_number = r.decision_number AND later.source = r.source
         AND later.budget_year = r.budget_year AND later.revision > r.revision
         AND (later.reallocation_id IS NULL) = (r.reallocation_id IS NULL)
         AND (r.reallocation_id IS NOT NULL
              OR (later.project_code, later.fund_source, later.base, later.carried_from_year)
                 = (r.project_code, r.fund_source, r.base, r.carried_from_year))
         AND (%(known_at)s::timestamptz IS NULL OR later.applied_at <= %(known_at)s)
       ORDER BY later.revision, later.event_id
       LIMIT 1) AS corrected ON true
 WHERE r.project_code = %(project_code)s AND r.budget_year = %(budget_year)s
   AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)
