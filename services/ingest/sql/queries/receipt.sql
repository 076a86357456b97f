-- One receipt, where the unit may see it: accepted under a token of the unit, or of a unit under it.
SELECT body FROM ingest.receipt
 WHERE receipt_id = %(receipt_id)s
   AND (%(unit)s = '' OR unit = %(unit)s OR starts_with(unit, %(unit)s || '/'))
