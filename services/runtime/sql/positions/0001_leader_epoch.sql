-- The leader epoch of the last record applied, -1 where unknown: a log that was truncated and has grown beyond
-- the position again is told by it alone (services/runtime/kafka_loop.py).
ALTER TABLE source_position ADD COLUMN leader_epoch integer NOT NULL DEFAULT -1;
