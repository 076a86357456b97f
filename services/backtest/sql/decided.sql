-- Every row of every decision, corrected ones too: which counts depends on what was known.
SELECT r.project_code, r.fund_source,
       CASE WHEN %(as_known)s THEN (r.applied_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date ELSE '0001-01-01' END,
       r.effective_date, r.decision_date, r.base, r.amount, r.decision_number, r.source, r.carried_from_year,
       r.revision, r.event_id
  FROM aggregation.plan_revision AS r
 WHERE r.budget_year = %(budget_year)s AND r.project_code = ANY (%(projects)s)
