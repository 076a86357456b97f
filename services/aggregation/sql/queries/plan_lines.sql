-- Every line of every decision as it was stated, corrected ones too. A unit's are those of the projects that are
-- its own now. Reallocations are no lines of a plan file.
SELECT r.source, r.project_code, r.project_name, r.level, r.owner_code, r.owner_name, r.accountable_officer,
       r.fund_source, r.project_group, r.district, r.sector, r.province_code, r.budget_year, r.base, r.amount,
       r.decision_number, r.decision_date, r.effective_date, r.carried_from_year, r.revision
  FROM aggregation.plan_revision AS r
  LEFT JOIN LATERAL aggregation.unit_of(r.project_code, %(on)s) AS unit ON %(unit_province)s <> ''
 WHERE r.reallocation_id IS NULL
   AND (%(province)s::text IS NULL OR r.province_code = %(province)s)
   AND (%(budget_year)s::integer IS NULL OR r.budget_year = %(budget_year)s)
   AND (%(known_at)s::timestamptz IS NULL OR r.applied_at <= %(known_at)s)
   AND (%(source)s::text IS NULL OR r.source = %(source)s)
   AND (%(unit_province)s = '' OR unit.province_code = %(unit_province)s)
   AND (%(unit_owner)s = '' OR unit.owner_code = %(unit_owner)s)
 ORDER BY r.budget_year, r.decision_date, r.decision_number, r.project_code, r.fund_source, r.base,
          r.carried_from_year, r.revision, r.source, r.event_id
