-- What a block added, so that anybody can reckon its digest again from the rows (docs/adr/0014).
-- digest_version 1: the service's own digest, of which the chain alone can be checked. 2: the digest of rows that
-- carry the block's number, as many as row_count; both are in the block's hash, and so is when it was applied.
-- A process of the version before writes blocks of version 1.
ALTER TABLE block ADD COLUMN digest_version integer NOT NULL DEFAULT 1;
ALTER TABLE block ADD COLUMN block_no bigint;
ALTER TABLE block ADD COLUMN row_count bigint;
