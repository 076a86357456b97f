-- Of one source's curve of one decision, the highest revision counts; of the decisions, the latest in force.
SELECT DISTINCT ON (s.kind, s.scope_code, s.budget_year)
       s.source, s.source_ref, s.kind, s.scope_code, s.budget_year, s.points, s.decision_number,
       s.effective_date, s.rate_base, s.revision
  FROM aggregation.baseline_schedule AS s
 WHERE s.scope_code = ANY (%(scopes)s)
   AND s.effective_date <= %(as_of)s
   AND (%(known_at)s::timestamptz IS NULL OR s.applied_at <= %(known_at)s)
   AND (s.budget_year = %(budget_year)s OR (s.budget_year = %(budget_year)s - 1 AND s.kind = 'national'))
   AND NOT EXISTS (
       SELECT FROM aggregation.baseline_schedule AS later
        WHERE later.budget_year = s.budget_year AND later.scope_code = s.scope_code AND later.kind = s.kind
          AND later.decision_number = s.decision_number AND later.source = s.source
          AND later.revision > s.revision
          AND (%(known_at)s::timestamptz IS NULL OR later.applied_at <= %(known_at)s))
 ORDER BY s.kind, s.scope_code, s.budget_year, s.effective_date DESC, s.revision DESC, s.event_id
