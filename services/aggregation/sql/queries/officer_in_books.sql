SELECT source, source_ref, province_code, owner_code, project_code, officer_name, officer_post, officer_email,
       effective_date, revision
  FROM aggregation.officer_assignment
 WHERE event_id = %s
