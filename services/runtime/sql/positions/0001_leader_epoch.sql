-- The leader epoch of the record before an offset: a log that was truncated and has grown beyond the position
-- again is told by it alone. It counts where that offset is the position: a version before this one, running at
-- the same time, moves the position without it.
ALTER TABLE source_position ADD COLUMN leader_epoch integer;
ALTER TABLE source_position ADD COLUMN leader_epoch_before bigint;
