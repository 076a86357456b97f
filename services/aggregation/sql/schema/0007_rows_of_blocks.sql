-- Each row of the books carries the number of the block that added it: its place does not tell, since a reversal
-- that waited keeps the place where it came in, and is added by the block of the movement it waited for.
CREATE SEQUENCE aggregation.block_no;

-- The transaction says its block once (services/aggregation/block_rows.py), and no INSERT can forget it. A process
-- of the version before says none, and its rows have none. Neither statement rewrites a table.
DO $$
DECLARE
    book text;
BEGIN
    FOREACH book IN ARRAY ARRAY[
        'ledger', 'statement_line', 'completed_work_line', 'plan_revision', 'baseline_schedule',
        'project_registration', 'owner_registration', 'officer_assignment', 'conflict']
    LOOP
        EXECUTE format('ALTER TABLE aggregation.%I ADD COLUMN block_no bigint', book);
        EXECUTE format(
            'ALTER TABLE aggregation.%I ALTER COLUMN block_no
             SET DEFAULT nullif(current_setting(''giaingan.block_no'', true), '''')::bigint', book);
        -- No row has a number yet: the index is built empty, after one scan (a million rows: a quarter of a
        -- second), for which writers wait.
        EXECUTE format(
            'CREATE INDEX %I ON aggregation.%I (block_no) WHERE block_no IS NOT NULL', book || '_block', book);
    END LOOP;
END
$$;
