SELECT as_of, business_date, topic_id, positions FROM aggregation.province_told
 WHERE province_code = %s AND budget_year = %s
