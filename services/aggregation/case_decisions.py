"""What a person decides of a case, each in one transaction: lock, check, decision, outbox, audit.

    quarantine: held -> fix | replay | discard         conflict: open -> keep-first | replace

Nothing is applied here. What a decision publishes goes through the log like every event, by the outbox that
``publish_decisions`` empties: through dedup, block and position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.aggregation import case_faults, case_store, facts_in_books, replacing
from services.aggregation.case_answers import Decided
from services.aggregation.case_store import Action, CaseKind, ConflictCase, QuarantineCase
from services.contracts import codec, held_bytes, topics
from services.domain.validation import Fact
from services.runtime.access import Caller, audit, outside_unit
from services.runtime.api import invalid
from services.runtime.clock import Clock
from services.runtime.errors import ProblemError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Record
from services.runtime.postgres import Cursor, Pool

Outgoing = tuple[str, Record]


@dataclass(frozen=True, slots=True)
class _Made:
    """A decision that was made: what it is, why, and what it publishes (topic, record)."""

    action: Action
    state: str
    reason: str
    facts: Sequence[Fact] = ()
    records: Sequence[Outgoing] = ()


class CaseDecisions:
    """The five decisions. Each raises ``ProblemError``: 404 no such case, 403 another unit's, 409 decided."""

    def __init__(
        self,
        *,
        pool: Pool,
        clock: Clock,
        fund_sources: FundSourceNames,
        on_decision: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._fund_sources = fund_sources
        self._on_decision = on_decision

    # --- quarantine --------------------------------------------------------------------------

    def fix(self, quarantine_id: int, fact: Fact, *, reason: str, caller: Caller) -> Decided:
        """Publish a corrected fact in the case's place. 422 where it breaks a rule of the doors."""
        with self._pool.transaction() as cursor:
            case = self._held(cursor, quarantine_id, caller)
            case_faults.require_own(cursor, caller.unit, fact, on=self._clock.business_date())
            _require_source(caller, case, fact)
            found = list(
                case_faults.faults(
                    cursor,
                    fact,
                    business_date=self._clock.business_date(),
                    fund_sources=self._fund_sources,
                )
            )
            if found:
                raise invalid(found)
            made = _Made("fix", "fixed", reason, [fact], self._records([fact]))
            decided = _close(cursor, caller, quarantine_id, made)
            # With this case: what is published with its very content would never be applied.
            _require_not_aside(cursor, [fact])
        self._on_decision()
        return decided

    def replay(self, quarantine_id: int, *, caller: Caller) -> Decided:
        """Publish the same bytes again. What is refused again is held again."""
        with self._pool.transaction() as cursor:
            case = self._held(cursor, quarantine_id, caller)
            fact = None if case.is_record else held_bytes.fact_of(case.topic, case.payload)
            _require_not_aside(cursor, [fact] if fact else [])
            key = codec.routing_key(fact) if fact else case.record_key
            value = held_bytes.as_record(case.payload, is_record=case.is_record)
            made = _Made("replay", "replayed", "", [fact] if fact else [], [(case.topic, Record(key, value))])
            decided = _close(cursor, caller, quarantine_id, made)
        self._on_decision()
        return decided

    def discard(self, quarantine_id: int, *, reason: str, caller: Caller) -> Decided:
        """Put the case aside, with its bytes, for good."""
        with self._pool.transaction() as cursor:
            self._held(cursor, quarantine_id, caller)
            return _close(cursor, caller, quarantine_id, _Made("discard", "discarded", reason))

    def _held(self, cursor: Cursor, quarantine_id: int, caller: Caller) -> QuarantineCase:
        state = case_store.lock_quarantine(cursor, quarantine_id)
        case = case_store.quarantine_case(cursor, quarantine_id, on=self._clock.business_date())
        if state is None or case is None:
            raise no_such_case()
        _require_own(caller, case)
        if state != "held":
            raise _case_closed(state)
        return case

    # --- conflicts ---------------------------------------------------------------------------

    def keep_first(self, conflict_id: int, *, reason: str, caller: Caller) -> Decided:
        """The books stay as they are."""
        with self._pool.transaction() as cursor:
            self._open_conflict(cursor, conflict_id, caller)
            return _keep(cursor, caller, "conflict", conflict_id, _Made("keep-first", "kept", reason))

    def replace(self, conflict_id: int, *, reason: str, caller: Caller) -> Decided:
        """Publish what makes the books hold the second content. 409 where that cannot be."""
        with self._pool.transaction() as cursor:
            case = self._open_conflict(cursor, conflict_id, caller)
            if case_store.is_replaced(cursor, case.event_id):
                raise _cannot_replace(
                    "Một nội dung khác đã thay nội dung thứ nhất theo quyết định trước. / "
                    "Another content took the place of the first by an earlier decision."
                )
            first = facts_in_books.find(cursor, case.topic, case.event_id)
            second = held_bytes.fact_of(case.topic, case.payload)
            if first is None or second is None:
                raise _cannot_replace(
                    "Nội dung thứ nhất chưa vào sổ; hãy quyết định trường hợp đang giữ của nó trước. / "
                    "The first is not in the books; decide the case in which it is held."
                )
            for fact in (first, second):
                case_faults.require_own(cursor, caller.unit, fact, on=self._clock.business_date())
            try:
                facts = replacing.replacement(cursor, first=first, second=second)
            except replacing.CannotReplaceError as error:
                raise _cannot_replace(str(error)) from error
            _require_not_aside(cursor, facts)
            made = _Made("replace", "replaced", reason, facts, self._records(facts))
            decided = _keep(cursor, caller, "conflict", conflict_id, made)
        self._on_decision()
        return decided

    def _open_conflict(self, cursor: Cursor, conflict_id: int, caller: Caller) -> ConflictCase:
        today = self._clock.business_date()
        case = case_store.conflict_case(cursor, conflict_id, on=today)
        if case is None:
            raise no_such_case()
        case_store.lock_conflicts_of(cursor, case.event_id)
        # Under the lock: somebody may have decided it while we waited.
        case = case_store.conflict_case(cursor, conflict_id, on=today) or case
        _require_own(caller, case)
        # What stands under the id now may be about another unit than what did then.
        first = facts_in_books.find(cursor, case.topic, case.event_id)
        if first and not case_faults.is_own(cursor, caller.unit, first, on=today):
            raise outside_unit()
        if case.action != case_store.OPEN:
            raise _case_closed({"keep-first": "kept", "replace": "replaced"}[case.action])
        return case

    def _records(self, facts: list[Fact]) -> list[Outgoing]:
        now = self._clock.now()
        return [
            (
                topics.PLAN if isinstance(group[0], codec.PlanFact) else topics.DISBURSEMENT,
                Record(codec.routing_key(group[0]), codec.encode_batch(group, recorded_at=now)),
            )
            for group in replacing.records(facts)
        ]


def _close(cursor: Cursor, caller: Caller, quarantine_id: int, made: _Made) -> Decided:
    case_store.close_quarantine(cursor, quarantine_id, made.state)
    return _keep(cursor, caller, "quarantine", quarantine_id, made)


def _keep(cursor: Cursor, caller: Caller, kind: CaseKind, case_id: int, made: _Made) -> Decided:
    """The decision, its outbox and its audit row, in the decision's transaction."""
    event_ids = [fact.event_id for fact in made.facts]
    decided_at = case_store.decide(
        cursor,
        caller,
        kind=kind,
        case_id=case_id,
        action=made.action,
        reason=made.reason,
        event_ids=event_ids,
        records=made.records,
    )
    audit.accepted(
        cursor,
        caller,
        action=f"{kind}.{made.action}",
        target=f"{kind}/{case_id}",
        detail={"reason": made.reason, "event_ids": [str(event_id) for event_id in event_ids]},
    )
    return Decided(
        case_id=case_id,
        state=made.state,
        action=made.action,
        event_ids=event_ids,
        decided_at=decided_at,
    )


def _require_own(caller: Caller, case: QuarantineCase | ConflictCase) -> None:
    if not case.is_of(caller.unit):
        raise outside_unit()


def _require_source(caller: Caller, case: QuarantineCase, fact: Fact) -> None:
    """A fix speaks for the source whose event is held, or for one of the officer's own. Raises
    ``ProblemError`` (403)."""
    held = None if case.is_record else held_bytes.fact_of(case.topic, case.payload)
    own = caller.stated_sources
    if own is None or fact.source in own or (held and fact.source == held.source):
        return
    allowed = ", ".join(sorted({*own, *([held.source] if held else [])})) or "(không có / none)"
    raise ProblemError(
        403,
        "outside-source",
        "Không phải nguồn của mã truy cập / not a source of the token",
        f"Ghi nguồn {fact.source!r}; ở đây chỉ được ghi: {allowed}. / "
        f"The fix states the source {fact.source!r}; here it may state: {allowed}.",
    )


def _require_not_aside(cursor: Cursor, facts: Sequence[Fact]) -> None:
    for fact in facts:
        found = case_store.set_aside(cursor, fact.event_id, fact.content_hash)
        if found is not None:
            raise ProblemError(
                409,
                "set-aside",
                "Nội dung này đã bị loại / this content was put aside",
                f"Trường hợp {found} đã được sửa hoặc bỏ với đúng mã và nội dung này, nên nó không vào sổ "
                "nữa. Hãy sửa nội dung, hoặc gửi lại với tham chiếu mới. / "
                f"Case {found} of quarantine was fixed or discarded with this id and content, so it is "
                "applied no more. Correct it, or send it under a new reference.",
            )


def no_such_case() -> ProblemError:
    """404."""
    return ProblemError(
        404,
        "no-such-case",
        "Không có trường hợp này / no such case",
        "Xem danh sách. / GET /v1/quarantine and GET /v1/conflicts list those there are.",
    )


def _case_closed(state: str) -> ProblemError:
    return ProblemError(
        409,
        "case-closed",
        "Trường hợp này đã được quyết định / this case is decided",
        f"Trạng thái hiện nay: {state}. / Its state is {state}.",
    )


def _cannot_replace(detail: str) -> ProblemError:
    return ProblemError(409, "cannot-replace", "Không thay được / it cannot be replaced", detail)
