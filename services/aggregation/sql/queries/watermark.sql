-- The last row of the ledger as it was known: from the end backwards.
SELECT seq FROM aggregation.ledger
 WHERE %(known_at)s::timestamptz IS NULL OR applied_at <= %(known_at)s
 ORDER BY seq DESC
 LIMIT 1
