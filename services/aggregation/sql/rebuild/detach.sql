-- What only a shadow has.
DROP TRIGGER carry_id ON aggregation_rebuild.ledger;
DROP TRIGGER carry_id ON aggregation_rebuild.quarantine;
DROP TRIGGER carry_id ON aggregation_rebuild.conflict;
DROP FUNCTION aggregation_rebuild.carry_seq, aggregation_rebuild.carry_quarantine_id,
              aggregation_rebuild.carry_conflict_id, aggregation_rebuild.now;
