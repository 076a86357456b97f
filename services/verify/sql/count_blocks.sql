SELECT count(*) AS blocks, count(*) FILTER (WHERE digest_version = 1) AS of_version_1,
       count(*) FILTER (WHERE digest_version = 3) AS of_lost_records
  FROM {schema}.block
