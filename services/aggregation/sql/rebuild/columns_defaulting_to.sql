SELECT c.relname, a.attname
  FROM pg_attrdef AS d
  JOIN pg_class AS c ON c.oid = d.adrelid
  JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE c.relnamespace = to_regnamespace(%s) AND pg_get_expr(d.adbin, d.adrelid) = %s
 ORDER BY c.relname, a.attname
