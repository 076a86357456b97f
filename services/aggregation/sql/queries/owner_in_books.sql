SELECT source, source_ref, province_code, owner_code, owner_name, head_name, head_post, supervisor_name,
       effective_date, revision
  FROM aggregation.owner_registration
 WHERE event_id = %s
