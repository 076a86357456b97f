SELECT 1
  FROM aggregation.conflict AS c
  JOIN aggregation.case_decision AS d ON d.case_kind = 'conflict' AND d.case_id = c.conflict_id
 WHERE c.event_id = %s AND d.action = 'replace'
 LIMIT 1
