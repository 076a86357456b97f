-- How far the register was filled from what the journal held when there was no register yet, or when a version
-- without one took things in.

CREATE TABLE ingest.register_filled (
    -- One row.
    is_the_row  boolean PRIMARY KEY DEFAULT true CHECK (is_the_row),
    -- Every plan event up to it is in the register.
    accepted_no bigint NOT NULL
);
INSERT INTO ingest.register_filled (accepted_no) VALUES (0);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX journal_plan ON ingest.journal (accepted_no) WHERE topic = 'giaingan.plan.v1';
