"""Ingest's own read model of the plan topic: the register, kept in PostgreSQL.

It learns in the transaction of what this ingest accepts, from the journal what is older than the register,
and from the topic, where other systems may write. All go by event id: what is learned twice, or in another
order, leaves the same register.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from uuid import UUID

from services.contracts import codec, topics
from services.domain import field_rules
from services.domain.plan import PlanRevision
from services.domain.register import ProjectRegistration
from services.ingest.judging.register import RegisteredProject
from services.ingest.log import journal
from services.ingest.log.record_packing import Entry
from services.runtime.batch_commit import Batch
from services.runtime.postgres import Cursor, Pool, copy_rows, read_queries

_QUERIES = read_queries(Path(__file__).parents[1] / "sql" / "queries")
_ROWS_AT_ONCE = 10_000
_FILLED_AT_ONCE = 5_000


# --- reading -----------------------------------------------------------------------------------


def find(cursor: Cursor, codes: Collection[str], *, on: date) -> list[RegisteredProject]:
    """The projects of these codes as they are on a day; codes that nobody stated are left out."""
    if not codes:
        return []
    cursor.execute(_QUERIES["projects"], {"codes": list(codes), "on": on})
    return [RegisteredProject(*row) for row in cursor]


def everything(cursor: Cursor, *, on: date) -> list[RegisteredProject]:
    """Every project as it is on a day."""
    cursor.execute(_QUERIES["projects"], {"codes": None, "on": on})
    return [RegisteredProject(*row) for row in cursor]


# --- learning ----------------------------------------------------------------------------------


def learn_batch(cursor: Cursor, batch: Batch) -> bytes:
    """Learn from records of the plan topic; for ``KafkaLoop``. Returns the SHA-256 of what was added."""
    learned = learn(cursor, (fact for record in batch.records for fact in _facts_of(record.value)))
    return hashlib.sha256(b"".join(event_id.bytes for event_id in learned)).digest()


def learn_entries(cursor: Cursor, entries: Iterable[Entry]) -> None:
    """Learn from events that are being accepted, in the transaction of the journal."""
    learn(
        cursor, (fact for entry in entries if entry.topic == topics.PLAN for fact in _facts_of(entry.payload))
    )


def fill_from_journal(pool: Pool) -> int:
    """Learn what the journal holds and the register was not told of: it is older than the register, or was
    taken in by a version without one. Returns how many events were gone through; each is only once.

    Without it a project of before would be unknown, and anybody's to register, until the topic is read again.
    """
    gone_through = 0
    while True:
        with pool.transaction() as cursor:
            cursor.execute("SELECT accepted_no FROM ingest.register_filled FOR UPDATE")
            ((filled,),) = cursor.fetchall()
            plans = journal.plans_after(cursor, filled, limit=_FILLED_AT_ONCE)
            if not plans:
                return gone_through
            learn_entries(cursor, (entry for _, entry in plans))
            cursor.execute("UPDATE ingest.register_filled SET accepted_no = %s", (plans[-1][0],))
        gone_through += len(plans)


def learn(cursor: Cursor, facts: Iterable[codec.Fact]) -> list[UUID]:
    """Add what the facts say of projects; of one event id the first counts, as in the ledger.

    Returns the ids added, sorted.
    """
    rows = (_row(fact) for fact in facts if isinstance(fact, PlanRevision | ProjectRegistration))
    first = list(islice(rows, _ROWS_AT_ONCE))
    if not first:
        return []
    cursor.execute(_STAGE)
    while first:
        copy_rows(cursor, "project_statement_stage", _COLUMNS, first)
        first = list(islice(rows, _ROWS_AT_ONCE))
    cursor.execute(_LEARN)
    return [event_id for (event_id,) in cursor]


def _facts_of(value: bytes | None) -> Iterator[codec.Fact]:
    """What a record states and can be kept. The rest is aggregation's to quarantine and to show."""
    try:
        events = codec.decode_plans(value)
    except codec.UndecodableError:
        return
    for event in events:
        if isinstance(event, codec.Event) and not any(field_rules.faults(event.fact)):
            yield event.fact


def _row(fact: PlanRevision | ProjectRegistration) -> tuple[object, ...]:
    is_registration = isinstance(fact, ProjectRegistration)
    return (
        fact.event_id,
        fact.project_code,
        fact.project_name,
        fact.province_code,
        fact.owner_code,
        fact.effective_date.isoformat(),
        (fact.effective_date if isinstance(fact, ProjectRegistration) else fact.decision_date).isoformat(),
        fact.revision,
        is_registration,
        fact.starts_on if isinstance(fact, ProjectRegistration) else None,
        fact.closed_on if isinstance(fact, ProjectRegistration) else None,
    )


_COLUMNS = (
    "event_id",
    "project_code",
    "project_name",
    "province_code",
    "owner_code",
    "effective_date",
    "decision_date",
    "revision",
    "is_registration",
    "starts_on",
    "closed_on",
)
_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS project_statement_stage (
    LIKE ingest.project_statement INCLUDING DEFAULTS, stated_no bigserial
) ON COMMIT DELETE ROWS
"""
# By id, so that two that learn the same wait for each other in one order; of one id, what came first.
_LEARN = """
INSERT INTO ingest.project_statement
       (event_id, project_code, project_name, province_code, owner_code, effective_date, decision_date,
        revision, is_registration, starts_on, closed_on)
SELECT event_id, project_code, project_name, province_code, owner_code, effective_date, decision_date,
       revision, is_registration, starts_on, closed_on
  FROM project_statement_stage ORDER BY event_id, stated_no
ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
"""
