-- Every curve that may judge a project of the year, and the nation's of the year before.
SELECT s.scope_code,
       CASE WHEN %(as_known)s THEN (s.applied_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date ELSE '0001-01-01' END,
       s.source, s.source_ref, s.kind, s.budget_year, s.points, s.decision_number, s.effective_date, s.rate_base,
       s.revision
  FROM aggregation.baseline_schedule AS s
 WHERE s.scope_code = ANY (%(scopes)s)
   AND (s.budget_year = %(budget_year)s OR (s.budget_year = %(budget_year)s - 1 AND s.kind = 'national'))
 ORDER BY s.kind, s.scope_code, s.budget_year, s.effective_date, s.revision, s.event_id
