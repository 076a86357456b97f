"""What aggregation does with a batch of events, in one transaction with the batch's position:

    decode -> known already? -> movements, then reversals, then statements -> ledger and balances
           -> decisions, curves, register -> outbox (progress to be told) -> quarantine and conflicts

Every event has one fate: inserted, duplicate, conflict, quarantined, or decided (a person fixed or discarded
it before).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.aggregation import (
    block_rows,
    facts_in_books,
    held_cases,
    ledger_store,
    plan_store,
    register_store,
)
from services.aggregation.held_cases import Refused
from services.aggregation.ledger_store import LedgerRow, Place
from services.contracts import codec, topics
from services.domain import validation
from services.domain.accounts import Effect
from services.domain.disbursement import (
    CompletedWorkLine,
    Movement,
    MovementKind,
    StatementLine,
    statement_postings,
)
from services.domain.fiscal_calendar import carried_into
from services.domain.money import Money
from services.domain.plan import BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.runtime import metrics
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.errors import StopServiceError
from services.runtime.fund_sources import FundSourceNames, fund_source_faults
from services.runtime.positions import BlockRows
from services.runtime.postgres import Cursor

STATEMENT_DIFFERENCE = "statement_difference"

# Content hashes of what the books hold under some ids.
KnownHashes = Callable[[Cursor, Collection[UUID]], dict[UUID, bytes]]


@dataclass(frozen=True, slots=True)
class _Placed:
    """An event with its place in the log."""

    fact: codec.Fact
    recorded_at: datetime
    payload: bytes
    record_key: str
    place: Place

    @property
    def event_id(self) -> UUID:
        return self.fact.event_id


@dataclass(slots=True)
class _Outcome:
    """What became of a batch."""

    fates: Counter[str] = field(default_factory=Counter)
    due: set[tuple[str, int]] = field(default_factory=set)
    # Events whose fate is decided.
    settled: set[UUID] = field(default_factory=set)

    def inserted(self, event_id: UUID) -> None:
        self.fates["inserted"] += 1
        self.settled.add(event_id)


class ApplyEvents:
    """The ``apply`` of aggregation's Kafka loop. Counts into metrics only what was committed."""

    def __init__(self, fund_sources: FundSourceNames) -> None:
        self._fund_sources = fund_sources
        self._uncommitted: dict[str, Counter[str]] = {}

    def apply(self, cursor: Cursor, batch: Batch) -> BlockRows:
        """Write what the batch means; returns what is in its block."""
        block = block_rows.begin(cursor)
        self.apply_rows(cursor, batch)
        return block_rows.close(cursor, block, batch.topic)

    def apply_rows(self, cursor: Cursor, batch: Batch) -> None:
        """The same without a block: the rows carry no number, as those of the versions before."""
        outcome = _Outcome()
        events = _decode(cursor, batch, self._fund_sources, outcome)
        if batch.topic == topics.PLAN:
            _apply_plans(cursor, events, outcome)
        else:
            _apply_disbursements(cursor, events, outcome)
        ledger_store.mark_due(cursor, outcome.due)
        self._uncommitted = {batch.topic: outcome.fates}

    def committed(self) -> None:
        """The batch last applied is committed."""
        for topic, fates in self._uncommitted.items():
            for fate, count in fates.items():
                metrics.EVENTS_APPLIED.labels(topic, fate).inc(count)
        self._uncommitted = {}


# --- decode ------------------------------------------------------------------------------------


def _decode(cursor: Cursor, batch: Batch, fund_sources: FundSourceNames, outcome: _Outcome) -> list[_Placed]:
    """The sound events of a batch; the others go to quarantine. Whoever may write to the topic may write
    anything, so the rules of the doors are asked here too (but for the calendar: the log is read again
    years later)."""
    events: list[_Placed] = []
    for record in batch.records:
        key = (record.key or b"").decode(errors="replace")
        for index, event in enumerate(_read(batch.topic, record)):
            place = Place(batch.topic, batch.topic_id, batch.partition, record.offset, index)
            refused = _refusal(event, key, fund_sources)
            if refused:
                _hold(cursor, outcome, place, refused)
            elif isinstance(event, codec.Event):
                events.append(_Placed(event.fact, event.recorded_at, event.payload, key, place))
    return events


@dataclass(frozen=True, slots=True)
class _NoBatch:
    """A record in which no event could be made out."""

    detail: str
    value: bytes


def _read(topic: str, record: ReceivedRecord) -> Sequence[codec.Event | codec.Undecodable | _NoBatch]:
    decode = codec.decode_plans if topic == topics.PLAN else codec.decode_disbursements
    try:
        return decode(record.value)
    except codec.UndecodableError as error:
        return [_NoBatch(str(error), record.value or b"")]


def _refusal(
    event: codec.Event | codec.Undecodable | _NoBatch, key: str, fund_sources: FundSourceNames
) -> Refused | None:
    """What is wrong with the event, by its encoding or by the rules; ``None`` for a sound one."""
    if isinstance(event, _NoBatch):
        return Refused("not-decoded", event.detail, event.value, "", key, is_record=True)
    if isinstance(event, codec.Undecodable):
        return Refused(event.reason, event.detail, event.payload, event.event_id, key, event.fact)
    found = [
        (str(rejection.code), f"{rejection.field}: {rejection.detail}")
        for rejection in validation.check(event.fact, business_date=date.max)
    ]
    found += [
        (told.code, f"{told.where}: {told.detail}") for told in fund_source_faults(event.fact, fund_sources)
    ]
    if not found:
        return None
    return Refused(
        found[0][0],
        "; ".join(detail for _, detail in found),
        event.payload,
        str(event.fact.event_id),
        key,
        event.fact,
        is_sound=True,
    )


def _hold(cursor: Cursor, outcome: _Outcome, place: Place, refused: Refused) -> None:
    is_held = held_cases.quarantine(cursor, place, refused)
    outcome.fates["quarantined" if is_held else "decided"] += 1


def _sift(
    cursor: Cursor, events: Iterable[_Placed], known: dict[UUID, bytes], outcome: _Outcome
) -> list[_Placed]:
    """The events that are new. The same id and content is a duplicate; what a person fixed or discarded stays
    so; other content is a conflict: the first stays in the books and a person decides."""
    events = list(events)
    put_aside = _put_aside(cursor, events)
    new: dict[UUID, _Placed] = {}
    for event in events:
        first = new.get(event.event_id)
        kept_hash = first.fact.content_hash if first else known.get(event.event_id)
        if kept_hash is not None and kept_hash == event.fact.content_hash:
            outcome.fates["duplicate"] += 1
        elif event.payload in put_aside:
            outcome.fates["decided"] += 1
        elif kept_hash is None:
            new[event.event_id] = event
        else:
            kept = first.fact if first else facts_in_books.find(cursor, event.place.topic, event.event_id)
            held_cases.conflict(cursor, event.place, event.fact, event.payload, first=kept)
            outcome.fates["conflict"] += 1
    return list(new.values())


def _settle_others(
    cursor: Cursor, new: Iterable[_Placed], known_hashes: KnownHashes, outcome: _Outcome
) -> None:
    """What was new, and was taken under its id by another partition's transaction before it was inserted: it
    is in the books now, and what arrived here is a duplicate of it or contradicts it.

    Raises ``StopServiceError`` for an event without a fate.
    """
    others = [event for event in new if event.event_id not in outcome.settled]
    if not others:
        return
    known = known_hashes(cursor, {event.event_id for event in others})
    if lost := _sift(cursor, others, known, outcome):
        raise StopServiceError(f"events without a fate: {', '.join(str(each.event_id) for each in lost)}")


def _put_aside(cursor: Cursor, events: Sequence[_Placed]) -> set[bytes]:
    """The bytes of those events that a person fixed or discarded before."""
    if not events:
        return set()
    return held_cases.set_aside(
        cursor, events[0].place.topic, [(event.fact, event.payload) for event in events]
    )


# --- disbursements -----------------------------------------------------------------------------


def _apply_disbursements(cursor: Cursor, events: list[_Placed], outcome: _Outcome) -> None:
    known = ledger_store.known_hashes(cursor, {event.event_id for event in events})
    new = _sift(cursor, events, known, outcome)
    movements = [(event, event.fact) for event in new if isinstance(event.fact, Movement)]
    lines = [(event, event.fact) for event in new if isinstance(event.fact, StatementLine)]

    own_effect = [(event, m) for event, m in movements if m.kind is not MovementKind.REVERSAL]
    _insert(cursor, [_row(e, m, series=m.series, effect=m.effect()) for e, m in own_effect], outcome)

    reversals = {event.event_id: (event, m) for event, m in movements if m.kind is MovementKind.REVERSAL}
    # One that was held may be sent again together with what it waited for: it is still one reversal.
    for released in held_cases.release(cursor, {event.event_id for event, _ in own_effect}):
        fact = released.event.fact
        if not isinstance(fact, Movement):
            raise TypeError(f"a {type(fact).__name__} waited for a movement")
        event = _Placed(
            fact, released.event.recorded_at, released.event.payload, released.record_key, released.place
        )
        first, _ = reversals.setdefault(event.event_id, (event, fact))
        if first is event:
            continue
        if first.fact.content_hash == event.fact.content_hash:
            outcome.fates["duplicate"] += 1
        else:
            held_cases.conflict(cursor, event.place, event.fact, event.payload, first=first.fact)
            outcome.fates["conflict"] += 1
    _apply_reversals(cursor, list(reversals.values()), outcome)

    _apply_statements(cursor, lines, outcome)
    for event in new:
        # Earned value is no cash: it moves no balance.
        if isinstance(event.fact, CompletedWorkLine) and register_store.insert_completed_work(
            cursor, event.fact, event.recorded_at, event.place
        ):
            outcome.inserted(event.event_id)
    _settle_others(cursor, new, ledger_store.known_hashes, outcome)


def _row(event: _Placed, movement: Movement, *, series: str, effect: Effect) -> LedgerRow:
    return LedgerRow(
        event_id=movement.event_id,
        origin_event_id=movement.event_id,
        content_hash=movement.content_hash,
        source=movement.source,
        source_ref=movement.source_ref,
        project_code=movement.project_code,
        fund_source=movement.fund_source,
        budget_year=movement.budget_year,
        series=series,
        kind=movement.kind,
        amount=movement.amount,
        effect=effect,
        value_date=movement.value_date,
        status=movement.status,
        recorded_at=event.recorded_at,
        place=event.place,
        reverses_event_id=movement.reverses_event_id,
    )


def _insert(cursor: Cursor, rows: Sequence[LedgerRow], outcome: _Outcome) -> None:
    taken = ledger_store.insert(cursor, rows)
    for row in rows:
        if row.event_id in taken:
            outcome.inserted(row.event_id)
            outcome.due.add((row.project_code, row.budget_year))


def _apply_reversals(
    cursor: Cursor, reversals: Sequence[tuple[_Placed, Movement]], outcome: _Outcome
) -> None:
    """Each reversal takes back exactly what the movement it names added."""
    if not reversals:
        return
    named = {m.reverses_event_id for _, m in reversals if m.reverses_event_id}
    targets = ledger_store.reversible(cursor, named)
    rows = []
    reversed_here: set[UUID] = set()
    for event, reversal in reversals:
        target_id = reversal.reverses_event_id
        target = targets.get(target_id) if target_id else None
        waits_for = None
        if target_id is None or target is None:
            reason = "reversal-of-unknown"
            fault = f"the movement it reverses ({target_id}) is not in the ledger yet"
            waits_for = target_id
        elif target.already_reversed or target_id in reversed_here:
            reason, fault = "already-reversed", f"{target_id} was reversed before"
        elif fault := reversal_fault(reversal, target):
            reason = "reversal-differs"
        else:
            reversed_here.add(target_id)
            rows.append(_row(event, reversal, series=target.series, effect=-target.effect))
            continue
        refused = Refused(
            reason,
            fault,
            event.payload,
            str(event.event_id),
            event.record_key,
            event.fact,
            waits_for=waits_for,
            is_sound=True,
        )
        _hold(cursor, outcome, event.place, refused)
        outcome.settled.add(event.event_id)
    _insert(cursor, rows, outcome)


def reversal_fault(reversal: Movement, target: ledger_store.Reversible) -> str:
    """Why the reversal cannot take back the movement; empty where it can."""
    stated = (reversal.project_code, reversal.fund_source, reversal.budget_year)
    original = (target.project_code, target.fund_source, target.budget_year)
    if target.kind in (MovementKind.REVERSAL, STATEMENT_DIFFERENCE):
        return f"a {target.kind} is corrected by a new event, not reversed"
    if stated != original:
        return f"the reversal is on line {stated}, the movement on {original}"
    if reversal.amount.minor_units != target.amount:
        return f"the reversal is of {reversal.amount.minor_units}, the movement of {target.amount}"
    if reversal.carried_into != carried_into(target.value_date, target.budget_year):
        # It would leave the one too high and the other too low.
        return (
            f"of the reversal ({reversal.value_date}) and the movement ({target.value_date}) one is on the "
            "year's own plan and one on carried-over capital, or on that of another year"
        )
    return ""


def _apply_statements(
    cursor: Cursor, lines: Sequence[tuple[_Placed, StatementLine]], outcome: _Outcome
) -> None:
    """Cumulative statements become movements: what is new since the line's statement before."""
    if not lines:
        return
    keys = {ledger_store.line_key(line) for _, line in lines}
    ledger_store.lock_lines(cursor, keys)
    known = ledger_store.statements_of(cursor, keys)
    taken = ledger_store.insert_statement_lines(
        cursor, [(line, event.recorded_at, event.place) for event, line in lines]
    )
    rows = []
    for event, line in lines:
        if line.event_id not in taken:
            continue
        outcome.inserted(line.event_id)
        # A statement that changes no balance still says how far the books reach.
        outcome.due.add((line.project_code, line.budget_year))
        others = known[ledger_store.line_key(line)]
        rows += [
            LedgerRow(
                event_id=posting.event_id,
                origin_event_id=line.event_id,
                content_hash=line.content_hash,
                source=line.source,
                source_ref=line.source_ref,
                project_code=line.project_code,
                fund_source=line.fund_source,
                budget_year=line.budget_year,
                series=line.series,
                kind=STATEMENT_DIFFERENCE,
                amount=Money(abs(posting.disbursed), line.cumulative.currency),
                effect=posting.transfer.effect,
                value_date=posting.value_date,
                status=line.status,
                recorded_at=event.recorded_at,
                place=event.place,
            )
            for posting in statement_postings(line, others)
        ]
        others.append(line)
    ledger_store.insert(cursor, rows)


# --- plans -------------------------------------------------------------------------------------


def _apply_plans(cursor: Cursor, events: list[_Placed], outcome: _Outcome) -> None:
    known = plan_store.known_hashes(cursor, {event.event_id for event in events})
    new = _sift(cursor, events, known, outcome)
    for event in new:
        if isinstance(event.fact, PlanRevision):
            inserted = plan_store.insert_revision(cursor, event.fact, event.recorded_at, event.place)
            outcome.due.add((event.fact.project_code, event.fact.budget_year))
        elif isinstance(event.fact, Reallocation):
            inserted = plan_store.insert_reallocation(cursor, event.fact, event.recorded_at, event.place)
            outcome.due.update((side.project_code, event.fact.budget_year) for side in event.fact.sides)
        elif isinstance(event.fact, BaselineSchedule):
            inserted = plan_store.insert_schedule(cursor, event.fact, event.recorded_at, event.place)
        elif isinstance(event.fact, ProjectRegistration | OwnerRegistration | OfficerAssignment):
            inserted = register_store.insert_entry(cursor, event.fact, event.recorded_at, event.place)
        else:
            raise TypeError(f"{type(event.fact).__name__} on the plan topic")
        if inserted:
            outcome.inserted(event.event_id)
    _settle_others(cursor, new, plan_store.known_hashes, outcome)
