UPDATE aggregation.quarantine SET state = %s WHERE quarantine_id = %s
