SELECT count(*) AS blocks, count(*) FILTER (WHERE digest_version = 1) AS of_version_1 FROM {schema}.block
