SELECT state FROM aggregation.quarantine WHERE quarantine_id = %s FOR UPDATE
