"""Who may do what in the database, as data: a line for each table, sequence and function there is.

S select, I insert, U update, D delete, in the whole table; ``U(a,b)`` and ``S(a,b)`` in these columns alone.
"""

from __future__ import annotations

INGEST, AGGREGATION, ALERT = "giaingan_ingest", "giaingan_aggregation", "giaingan_alert"
AUDITOR = "giaingan_auditor"

_TOKEN = "S(created_at,created_by,expires_at,name,revoked_at,revoked_by,scopes,sources,token_id,unit)"
_PLACE = "S I U(offset,partition,topic_id)"
_PUBLISHED = "S I U(published_at,published_topic_id)"
_CASE = (
    "S I U(content_hash,detail,is_read,last_refused_at,owner_code,project_code,province_code,reason,"
    "released_at,state,times_refused,waits_for_event_id)"
)
_ALERT = (
    "S I U(as_of,digest,figures,owner_code,province_code,reason_en,reason_vi,resolved_at,rule_version,"
    "sequence,severity,state,title_en,title_vi,updated_at)"
)

TABLES: dict[str, dict[str, str]] = {
    "access.audit": {INGEST: "I", AGGREGATION: "I", ALERT: "I", AUDITOR: "S"},
    "access.schema_migration": {INGEST: "S", AGGREGATION: "S", ALERT: "S", AUDITOR: "S"},
    "access.token": {INGEST: "S", AGGREGATION: "S", ALERT: "S", AUDITOR: _TOKEN},
    "ingest.block": {INGEST: "S I", AUDITOR: "S"},
    "ingest.idempotency_key": {
        INGEST: "S I U D",
        AUDITOR: "S(claim_id,claimed_at,claimed_until,idempotency_key,status,token_id)",
    },
    "ingest.journal": {INGEST: _PLACE, AUDITOR: "S"},
    "ingest.project_statement": {INGEST: "S I", AUDITOR: "S"},
    "ingest.receipt": {INGEST: "S I", AUDITOR: "S"},
    "ingest.register_filled": {INGEST: "S U(accepted_no)", AUDITOR: "S"},
    "ingest.reversal": {INGEST: "S I U(accepted_at,claimed_until,reversal_id)", AUDITOR: "S"},
    "ingest.schema_migration": {INGEST: "S", AUDITOR: "S"},
    "ingest.source_position": {INGEST: "S I U", AUDITOR: "S"},
    "aggregation.balance": {
        AGGREGATION: "S I U(advance_outstanding,disbursed,movements,work_certified)",
        AUDITOR: "S",
    },
    "aggregation.baseline_schedule": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.block": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.case_decision": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.case_record": {AGGREGATION: _PUBLISHED, AUDITOR: "S"},
    "aggregation.completed_work_line": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.conflict": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.conflict_subject": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.cutoff_tick": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.ledger": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.officer_assignment": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.owner_registration": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.plan_decision": {AGGREGATION: "S", AUDITOR: "S"},
    "aggregation.plan_revision": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.posting": {AGGREGATION: "S", AUDITOR: "S"},
    "aggregation.progress_due": {AGGREGATION: "S I U D", AUDITOR: "S"},
    "aggregation.project_registration": {AGGREGATION: "S I", AUDITOR: "S"},
    "aggregation.province_told": {AGGREGATION: "S I U", AUDITOR: "S"},
    "aggregation.quarantine": {AGGREGATION: _CASE, AUDITOR: "S"},
    "aggregation.rebuild": {AUDITOR: "S"},
    "aggregation.schema_migration": {AGGREGATION: "S", AUDITOR: "S"},
    "aggregation.source_position": {AGGREGATION: "S I U", AUDITOR: "S"},
    "aggregation.source_reach": {AGGREGATION: "S I U(reaches)", AUDITOR: "S"},
    "aggregation.statement_line": {AGGREGATION: "S I", AUDITOR: "S"},
    "alert.alert": {ALERT: _ALERT, AUDITOR: "S"},
    "alert.alert_change": {ALERT: "S I", AUDITOR: "S"},
    "alert.block": {ALERT: "S I", AUDITOR: "S"},
    "alert.feed_entry": {ALERT: "S I", AUDITOR: "S"},
    "alert.feed_unnumbered": {ALERT: "S I D", AUDITOR: "S"},
    "alert.handling_step": {ALERT: "S I", AUDITOR: "S"},
    "alert.outbox": {ALERT: _PUBLISHED, AUDITOR: "S"},
    "alert.quarantine": {ALERT: "S I", AUDITOR: "S"},
    "alert.rule_definition": {ALERT: "S I", AUDITOR: "S"},
    "alert.schema_migration": {ALERT: "S", AUDITOR: "S"},
    "alert.source_position": {ALERT: "S I U", AUDITOR: "S"},
    "alert.subject_seen": {ALERT: "S I U(version)", AUDITOR: "S"},
}

# Only those of their own; a sequence of a column needs no grant.
SEQUENCES: dict[str, set[str]] = {
    "access.audit_audit_id_seq": set(),
    "ingest.accepted_no": {INGEST},
    "aggregation.block_no": {AGGREGATION},
    "aggregation.case_decision_decision_id_seq": set(),
    "aggregation.case_record_record_id_seq": set(),
    "aggregation.conflict_conflict_id_seq": set(),
    "aggregation.ledger_seq_seq": set(),
    "aggregation.progress_mark": {AGGREGATION},
    "aggregation.progress_version": {AGGREGATION},
    "aggregation.quarantine_quarantine_id_seq": set(),
    "aggregation.rebuild_rebuild_id_seq": set(),
    "alert.outbox_id_seq": set(),
}

# Who may execute it. What a trigger calls needs no grant.
ROUTINES: dict[str, set[str]] = {
    "access.refuse_change": set(),
    "access.refuse_change_but_revocation": set(),
    "aggregation.account_balances": {AGGREGATION, AUDITOR},
    "aggregation.books_through": {AGGREGATION, AUDITOR},
    "aggregation.carried_over": {AGGREGATION, AUDITOR},
    "aggregation.lines": {AGGREGATION, AUDITOR},
    "aggregation.moved": {AGGREGATION, AUDITOR},
    "aggregation.plan_decisions": {AGGREGATION, AUDITOR},
    "aggregation.projects": {AGGREGATION, AUDITOR},
    "aggregation.reach_by_movements": set(),
    "aggregation.reach_by_statements": set(),
    "aggregation.refuse_change": set(),
    "aggregation.source_reaches": {AGGREGATION, AUDITOR},
    "aggregation.settled_until": {AGGREGATION, AUDITOR},
    "aggregation.unit_of": {AGGREGATION, AUDITOR},
    "alert.await_number": set(),
    "alert.refuse_change": set(),
    "ingest.refuse_change": set(),
    "ingest.refuse_change_but_of_place": set(),
    "ingest.refuse_change_of_accepted_reversal": set(),
}

SCHEMAS: dict[str, set[str]] = {
    "access": {INGEST, AGGREGATION, ALERT, AUDITOR},
    "ingest": {INGEST, AUDITOR},
    "aggregation": {AGGREGATION, AUDITOR},
    "alert": {ALERT, AUDITOR},
}
