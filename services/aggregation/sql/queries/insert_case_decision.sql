INSERT INTO aggregation.case_decision (case_kind, case_id, action, reason, token_id, token_name, event_ids)
VALUES (%s, %s, %s, %s, %s, %s, %s::uuid[])
RETURNING decision_id, decided_at
