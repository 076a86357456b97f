UPDATE aggregation.quarantine SET times_refused = times_refused + 1, last_refused_at = now()
 WHERE quarantine_id = ANY (%s)
