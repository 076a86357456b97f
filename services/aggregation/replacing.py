"""What is published so that the books hold the second of two contradicting facts in place of the first.

Nothing is edited. A movement is taken back by a reversal on its own value date, and the new content comes
under a derived reference; what has revisions gets the next one. Either way the totals of every day are those
of the second fact alone (docs/adr/0012).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from uuid import UUID

from pydantic import ValidationError

from services.aggregation import facts_in_books, ledger_store, plan_store
from services.aggregation.apply_events import reversal_fault
from services.aggregation.ledger_store import Reversible
from services.contracts import codec
from services.contracts.stated.one_fact import as_stated, kind_of, read_stated
from services.domain import event_identity, field_rules
from services.domain.disbursement import Movement, MovementKind
from services.domain.validation import Fact
from services.runtime.postgres import Cursor


class CannotReplaceError(Exception):
    """Why the second fact cannot take the place of the first, in Vietnamese and English."""


def replacement(cursor: Cursor, *, first: Fact, second: Fact) -> list[Fact]:
    """The facts to publish, in order. Raises ``CannotReplaceError``."""
    if isinstance(first, Movement):
        number = _free_number(cursor, first)
        taken_back = _taken_back(cursor, first, number)
        return [taken_back, _put(cursor, first, taken_back, second, number)]
    if type(first) is not type(second) or _business_key(first) != _business_key(second):
        raise CannotReplaceError(
            "Hai nội dung nói về hai dòng khác nhau; hãy gửi bản đính chính cho từng dòng. / "
            "The two are about different lines; send a correction of each."
        )
    return [_next_revision(cursor, second, above=first.revision)]


# --- movements ---------------------------------------------------------------------------------


def _free_number(cursor: Cursor, first: Movement) -> int:
    """The least n from 2 whose derived references the books do not hold yet."""
    for number in count(2):
        ids = {
            event_identity.event_id(source=first.source, source_ref=reference)
            for reference in (_reference(first, number), _back_reference(first, number))
        }
        if not ledger_store.known_hashes(cursor, ids):
            return number
    raise AssertionError("count() ends")


def _reference(first: Movement, number: int) -> str:
    return f"{first.source_ref}~{number}"


def _back_reference(first: Movement, number: int) -> str:
    return f"{first.source_ref}~{number}/back"


def _taken_back(cursor: Cursor, first: Movement, number: int) -> Movement:
    """What undoes the first on its own value date: a reversal; of a reversal, its movement once more."""
    reference = _back_reference(first, number)
    if first.kind is MovementKind.REVERSAL:
        reversed_one = facts_in_books.movement(cursor, first.reverses_event_id or first.event_id)
        if reversed_one is None:
            raise LookupError(f"{first.event_id} is in the ledger without the movement it reverses")
        return replace(reversed_one, source=first.source, source_ref=reference, value_date=first.value_date)
    if _reversible(cursor, first.event_id).already_reversed:
        raise CannotReplaceError(
            "Bút toán thứ nhất đã được đảo, không còn gì để thay. Hãy gửi bút toán đúng với một tham chiếu "
            "mới. / The first was reversed already: nothing is left to replace. Send the right movement "
            "under a new reference."
        )
    return replace(first, source_ref=reference, kind=MovementKind.REVERSAL, reverses_event_id=first.event_id)


def _put(cursor: Cursor, first: Movement, taken_back: Movement, second: Fact, number: int) -> Fact:
    """The second fact under its own new identity."""
    if not isinstance(second, Movement):
        # A sender's reference that names a movement and a statement; the statement is known by its line.
        return _next_revision(cursor, second, above=second.revision - 1)
    put = replace(second, source=first.source, source_ref=_reference(first, number))
    target_id = put.reverses_event_id
    if target_id is None:
        return put
    if first.kind is MovementKind.REVERSAL and target_id == first.reverses_event_id:
        # What both reverse stands reversed by the first; its restated self takes its place.
        put = replace(put, reverses_event_id=taken_back.event_id)
        target = _as_reversible(taken_back)
    else:
        target = _reversible(cursor, target_id)
    if target.already_reversed:
        raise CannotReplaceError(
            "Bút toán mà nội dung thứ hai đảo đã được đảo trước đó. / "
            "The movement that the second reverses was reversed before."
        )
    if fault := reversal_fault(put, target):
        raise CannotReplaceError(
            f"Nội dung thứ hai không thể ghi sổ: {fault}. / The second cannot be booked: {fault}."
        )
    return put


def _reversible(cursor: Cursor, event_id: UUID) -> Reversible:
    found = ledger_store.reversible(cursor, [event_id]).get(event_id)
    if found is None:
        raise CannotReplaceError(
            f"Bút toán {event_id} chưa có trong sổ. / The movement {event_id} is not in the ledger."
        )
    return found


def _as_reversible(movement: Movement) -> Reversible:
    return Reversible(
        project_code=movement.project_code,
        fund_source=movement.fund_source,
        budget_year=movement.budget_year,
        series=movement.series,
        kind=movement.kind,
        amount=movement.amount.minor_units,
        value_date=movement.value_date,
        effect=movement.effect(),
        already_reversed=False,
    )


# --- what has revisions ------------------------------------------------------------------------


def _business_key(fact: Fact) -> tuple[str, str]:
    """Source and line: what the doors derive the reference from, but for the revision."""
    return fact.source, _at_revision(fact, 0).source_ref


def _next_revision(cursor: Cursor, fact: Fact, *, above: int) -> Fact:
    """The fact as the next revision of its line. Raises ``CannotReplaceError`` where another stands there, or
    a later one."""
    corrected = _at_revision(fact, above + 1)
    later = {_at_revision(fact, n).event_id: n for n in range(above + 1, field_rules.MAX_REVISION + 1)}
    known = ledger_store.known_hashes(cursor, later) | plan_store.known_hashes(cursor, later)
    if known.get(corrected.event_id) == corrected.content_hash:
        del known[corrected.event_id]
    if known:
        highest = max(later[event_id] for event_id in known)
        raise CannotReplaceError(
            f"Dòng này đã có bản đính chính số {highest}. Hãy gửi nội dung đúng với số lớn hơn. / "
            f"Revision {highest} of this line is in the books already. Send the right content with a "
            "higher one."
        )
    return corrected


def _at_revision(fact: Fact, revision: int) -> Fact:
    try:
        return read_stated(kind_of(fact), as_stated(fact) | {"revision": revision})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CannotReplaceError(
            f"Nội dung không theo quy tắc của cửa nhập: {faults}. / It breaks a rule of the doors: {faults}."
        ) from error


def records(facts: list[Fact]) -> list[list[Fact]]:
    """The facts by record: neighbours of one key share a record, in order."""
    grouped: list[list[Fact]] = []
    for fact in facts:
        if grouped and codec.routing_key(grouped[-1][0]) == codec.routing_key(fact):
            grouped[-1].append(fact)
        else:
            grouped.append([fact])
    return grouped
