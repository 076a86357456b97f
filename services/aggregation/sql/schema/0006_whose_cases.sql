-- Whose a project is on a day; whose a conflict is, by both of its contents; what a person put aside for good.

-- The unit that a project belongs to on a day. What is in force on the day counts first, else the earliest to
-- come; a registration in force outranks every plan decision. Ingest judges by the same rule
-- (services/ingest/sql/queries/projects.sql).
CREATE FUNCTION aggregation.unit_of(p_project_code text, p_on date)
RETURNS TABLE (province_code text, owner_code text)
LANGUAGE sql STABLE AS $$
SELECT stated.province_code, stated.owner_code
  FROM (SELECT r.province_code, r.owner_code, r.effective_date, r.effective_date AS decision_date, r.revision,
               r.event_id, true AS is_registration
          FROM aggregation.project_registration AS r
         WHERE r.project_code = p_project_code
         UNION ALL
        SELECT r.province_code, r.owner_code, r.effective_date, r.decision_date, r.revision,
               r.event_id, false
          FROM aggregation.plan_revision AS r
         WHERE r.project_code = p_project_code) AS stated
 ORDER BY stated.effective_date <= p_on DESC,
          (stated.effective_date <= p_on AND stated.is_registration) DESC,
          abs(p_on - stated.effective_date),
          stated.is_registration DESC, stated.decision_date DESC, stated.revision DESC, stated.event_id
 LIMIT 1
$$;
-- It was of no day; a process of the version before is restarted with this one.
-- squawk-ignore ban-drop-function
DROP FUNCTION aggregation.unit_of(text);

-- Both contents of a conflict say whose it is: it is a unit's where both are. What both are about, as stated.
CREATE TABLE aggregation.conflict_subject (
    conflict_id bigint PRIMARY KEY,
    first_project_code text NOT NULL,
    first_province_code text NOT NULL,
    first_owner_code text NOT NULL,
    second_project_code text NOT NULL,
    second_province_code text NOT NULL,
    second_owner_code text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aggregation.conflict_subject
    FOR EACH STATEMENT EXECUTE FUNCTION aggregation.refuse_change();

-- The content of an event that could be read: what was fixed or discarded is so in other bytes as well.
ALTER TABLE aggregation.quarantine ADD COLUMN content_hash bytea;
-- Rows of the versions before are read when aggregation starts (services/aggregation/old_cases.py).
ALTER TABLE aggregation.quarantine ADD COLUMN is_read boolean NOT NULL DEFAULT false;
-- The table is small, and locked for as long as that takes.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX quarantine_event ON aggregation.quarantine (event_id) WHERE content_hash IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX quarantine_unread ON aggregation.quarantine (quarantine_id) WHERE NOT is_read;

-- The bytes of a whole record have a hash of their own kind. Where they were held under both, both stay.
UPDATE aggregation.quarantine AS q
   SET payload_hash = sha256('\x7265636f726400'::bytea || q.payload)
 WHERE q.is_record
   AND NOT EXISTS (
       SELECT FROM aggregation.quarantine AS other
        WHERE other.topic = q.topic AND other.payload_hash = sha256('\x7265636f726400'::bytea || q.payload));
