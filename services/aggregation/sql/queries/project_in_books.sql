SELECT source, source_ref, project_code, project_name, province_code, owner_code, project_group, district, sector,
       starts_on, closed_on, total_investment, currency, effective_date, revision
  FROM aggregation.project_registration
 WHERE event_id = %s
