-- Every project of the budget year as the register and the plan have it on a day.
SELECT p.project_code, p.project_name, p.level, p.owner_code, p.owner_name, p.accountable_officer,
       p.project_group, p.district, p.sector, p.province_code, r.starts_on, r.closed_on, r.total_investment
  FROM aggregation.projects(%(budget_year)s, %(until)s, NULL) AS p
  LEFT JOIN LATERAL (
       SELECT g.starts_on, g.closed_on, g.total_investment
         FROM aggregation.project_registration AS g
        WHERE g.project_code = p.project_code AND g.effective_date <= %(until)s
        ORDER BY g.effective_date DESC, g.revision DESC, g.event_id
        LIMIT 1) AS r ON true
 WHERE %(province)s::text IS NULL OR p.province_code = %(province)s
 ORDER BY p.project_code
