-- Receipts that the unit may see, newest first: those given before one, since a moment, of a profile.
SELECT body FROM ingest.receipt
 WHERE (%(unit)s = '' OR unit = %(unit)s OR starts_with(unit, %(unit)s || '/'))
   AND (%(moment)s::timestamptz IS NULL
        OR (received_at, receipt_id) < (%(moment)s::timestamptz, %(receipt_id)s::uuid))
   AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s::timestamptz)
   AND (%(profile)s::text IS NULL OR kind = %(profile)s::text)
 ORDER BY received_at DESC, receipt_id DESC LIMIT %(limit)s
