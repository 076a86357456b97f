-- Receipts are listed, newest first, for whoever may see those of a unit. The column kind holds the profile.

ALTER TABLE ingest.receipt ADD COLUMN accepted_by text NOT NULL DEFAULT '';
ALTER TABLE ingest.receipt ADD COLUMN unit text NOT NULL DEFAULT '';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX receipt_newest ON ingest.receipt (received_at DESC, receipt_id DESC);
