SELECT province_code, owner_code FROM aggregation.unit_of(%s, %s)
