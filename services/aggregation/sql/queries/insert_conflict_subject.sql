INSERT INTO aggregation.conflict_subject (
       conflict_id, first_project_code, first_province_code, first_owner_code,
       second_project_code, second_province_code, second_owner_code)
VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (conflict_id) DO NOTHING
