-- Every side of these reallocations, with the unit that its project belongs to on the day.
SELECT r.reallocation_id, r.project_code, r.fund_source, r.amount_before, r.amount,
       coalesce(unit.province_code, ''), coalesce(unit.owner_code, '')
  FROM aggregation.plan_revision AS r
  LEFT JOIN LATERAL aggregation.unit_of(r.project_code, %(as_of)s) AS unit ON true
 WHERE r.reallocation_id = ANY (%(ids)s::uuid[])
 ORDER BY r.reallocation_id, r.project_code COLLATE "C", r.fund_source COLLATE "C"
