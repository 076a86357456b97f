SELECT d.action, d.reason, d.token_id, d.token_name, d.event_ids, d.decided_at,
       coalesce((SELECT bool_and(r.published_topic_id IS NOT NULL) FROM aggregation.case_record AS r
                  WHERE r.decision_id = d.decision_id), true)
  FROM aggregation.case_decision AS d
 WHERE d.case_kind = %s AND d.case_id = %s
 ORDER BY d.decision_id
