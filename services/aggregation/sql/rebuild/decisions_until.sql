-- What officers decided until an instant, and was not put into the shadow before: the decisions, what they
-- publish, and what became of their cases.
WITH decided AS (
    INSERT INTO aggregation_rebuild.case_decision OVERRIDING SYSTEM VALUE
    SELECT d.* FROM aggregation.case_decision AS d
     WHERE d.decided_at < %(until)s
       AND NOT EXISTS (SELECT FROM aggregation_rebuild.case_decision AS done WHERE done.decision_id = d.decision_id)
    RETURNING *
), closed AS (
    UPDATE aggregation_rebuild.quarantine AS q
       SET state = CASE decided.action WHEN 'fix' THEN 'fixed' WHEN 'replay' THEN 'replayed' ELSE 'discarded' END
      FROM decided
     WHERE decided.case_kind = 'quarantine' AND q.quarantine_id = decided.case_id
)
SELECT count(*) FROM decided
