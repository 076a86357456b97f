SELECT as_of, business_date, topic_id FROM aggregation.province_told
 WHERE province_code = %s AND budget_year = %s
