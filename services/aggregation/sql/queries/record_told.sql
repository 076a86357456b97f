INSERT INTO aggregation.province_told (province_code, budget_year, as_of, business_date, topic_id, positions)
VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (province_code, budget_year)
    DO UPDATE SET as_of = excluded.as_of, business_date = excluded.business_date, topic_id = excluded.topic_id,
                  positions = excluded.positions
