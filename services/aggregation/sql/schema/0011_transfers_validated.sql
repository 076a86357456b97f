-- The rows of before are transfers too. Reads the ledger once and keeps neither readers nor writers out.
ALTER TABLE aggregation.ledger VALIDATE CONSTRAINT one_transfer;
