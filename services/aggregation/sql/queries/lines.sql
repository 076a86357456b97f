SELECT project_code, fund_source, project_name, level, owner_code, owner_name, accountable_officer,
       unit_officer, project_group, district, sector, province_code, initial_plan, current_plan, allocated_plan,
       carry_over_plan, decision_number, plan_effective_date, series, disbursed, work_certified,
       advance_outstanding, last_movement_date, includes_estimate
  FROM aggregation.lines(%(budget_year)s, %(as_of)s, %(province)s, %(series)s, %(known_at)s)
 WHERE %(project_code)s::text IS NULL OR project_code = %(project_code)s
 ORDER BY project_code, fund_source
