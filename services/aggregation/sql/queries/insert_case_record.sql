INSERT INTO aggregation.case_record (decision_id, topic, key, value) VALUES (%s, %s, %s, %s)
