-- Numbers that the live books gave a row are the row's here too; what they lack gets one of theirs.
CREATE FUNCTION aggregation_rebuild.carry_seq() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seq := coalesce((SELECT l.seq FROM aggregation.ledger AS l WHERE l.event_id = NEW.event_id),
                        nextval('aggregation.ledger_seq_seq'));
    RETURN NEW;
END
$$;
CREATE FUNCTION aggregation_rebuild.carry_quarantine_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.quarantine_id := coalesce((SELECT q.quarantine_id FROM aggregation.quarantine AS q
                                    WHERE q.topic = NEW.topic AND q.payload_hash = NEW.payload_hash),
                                  nextval('aggregation.quarantine_quarantine_id_seq'));
    RETURN NEW;
END
$$;
CREATE FUNCTION aggregation_rebuild.carry_conflict_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.conflict_id := coalesce((SELECT c.conflict_id FROM aggregation.conflict AS c
                                  WHERE c.event_id = NEW.event_id AND c.content_hash = NEW.content_hash),
                                nextval('aggregation.conflict_conflict_id_seq'));
    RETURN NEW;
END
$$;
CREATE TRIGGER carry_id BEFORE INSERT ON aggregation_rebuild.ledger
    FOR EACH ROW EXECUTE FUNCTION aggregation_rebuild.carry_seq();
CREATE TRIGGER carry_id BEFORE INSERT ON aggregation_rebuild.quarantine
    FOR EACH ROW EXECUTE FUNCTION aggregation_rebuild.carry_quarantine_id();
CREATE TRIGGER carry_id BEFORE INSERT ON aggregation_rebuild.conflict
    FOR EACH ROW EXECUTE FUNCTION aggregation_rebuild.carry_conflict_id();
