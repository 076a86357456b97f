UPDATE aggregation.quarantine
   SET project_code = %s, province_code = %s, owner_code = %s, content_hash = %s, is_read = true
 WHERE quarantine_id = %s
