"""The revisions of a plan in order: which one is in force on a day, and what became of the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.domain.plan import PlanBase

# A base of rates: the plan in force is `current`, whichever kind of decision set it.
BaseName = Literal["initial", "current", "allocated", "carry_over"]


class RevisionState(StrEnum):
    """What a revision is on a day."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    CORRECTED = "corrected"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class Decided:
    """A revision as the books hold it. Amounts are minor units.

    ``event_id`` is the event that states it: of a side of a reallocation, the reallocation; ``row_id`` tells
    its sides apart. ``amount_before``: what a reallocation says the line had before it. ``corrected_by``: the
    event that corrects it.
    """

    row_id: UUID
    event_id: UUID
    fund_source: str
    base: PlanBase
    amount: int
    decision_number: str
    decision_date: date
    effective_date: date
    carried_from_year: int = 0
    revision: int = 0
    amount_before: int | None = None
    corrected_by: UUID | None = None

    @property
    def track(self) -> tuple[str, str, int]:
        """Within what one replaces another: the plan of a fund source (first assigned and adjusted), its
        detailed allocation, its capital of one earlier year."""
        kind = PlanBase.ADJUSTED if self.base is PlanBase.INITIAL else self.base
        return self.fund_source, kind, self.carried_from_year


@dataclass(frozen=True, slots=True)
class Placed:
    """A revision in its place: the one ``before`` it in its track, and which one (``by``) superseded it.

    ``stands_for``: the bases whose amount it is on the day (``initial``, ``current``, ``allocated``,
    ``carry_over``).
    """

    decided: Decided
    state: RevisionState
    before: Decided | None = None
    by: Decided | None = None
    stands_for: tuple[BaseName, ...] = ()

    @property
    def change(self) -> int | None:
        """Against the one before, minor units; ``None`` for the first."""
        return None if self.before is None else self.decided.amount - self.before.amount

    @property
    def differs_from_books(self) -> int | None:
        """What a reallocation says of the amount before, less what the books hold; ``None`` where it is that.

        Sources arrive out of order: it goes away when what was missing arrives.
        """
        if self.decided.amount_before is None or self.state is RevisionState.CORRECTED:
            return None
        held = self.before.amount if self.before else 0
        return (self.decided.amount_before - held) or None


def placed(revisions: Iterable[Decided], *, as_of: date) -> list[Placed]:
    """Every revision by track, in the order in which they count.

    The order is that of the figures (``aggregation.lines``): effective date, decision date, an adjustment
    behind what it adjusts, revision, and the id, so that any order of arrival gives one answer.
    """
    tracks: dict[tuple[str, str, int], list[Decided]] = defaultdict(list)
    for each in sorted(revisions, key=lambda each: str(each.row_id), reverse=True):
        tracks[each.track].append(each)
    found = []
    for _, track in sorted(tracks.items()):
        found += _in_track(sorted(track, key=_order), as_of)
    return found


def _order(each: Decided) -> tuple[date, date, bool, int]:
    return each.effective_date, each.decision_date, each.base is not PlanBase.INITIAL, each.revision


def _in_track(track: list[Decided], as_of: date) -> list[Placed]:
    counting = [each for each in track if each.corrected_by is None]
    effective = [each for each in counting if each.effective_date <= as_of]
    next_of = dict(zip((each.row_id for each in effective), effective[1:], strict=False))
    initial = next((each for each in reversed(effective) if each.base is PlanBase.INITIAL), None)
    found = []
    before: Decided | None = None
    for each in track:
        if each.corrected_by is not None:
            found.append(Placed(each, RevisionState.CORRECTED, before))
            continue
        by = next_of.get(each.row_id)
        is_in_force = bool(effective) and each is effective[-1]
        stands_for = _stands_for(each, is_initial=each is initial, is_in_force=is_in_force)
        found.append(Placed(each, _state(each, as_of, by), before, by, stands_for))
        before = each
    return found


def _state(each: Decided, as_of: date, by: Decided | None) -> RevisionState:
    if each.effective_date > as_of:
        return RevisionState.NOT_YET
    return RevisionState.SUPERSEDED if by else RevisionState.IN_FORCE


def _stands_for(each: Decided, *, is_initial: bool, is_in_force: bool) -> tuple[BaseName, ...]:
    in_force: BaseName = "current"
    if each.base is PlanBase.ALLOCATED:
        in_force = "allocated"
    elif each.base is PlanBase.CARRY_OVER:
        in_force = "carry_over"
    return (*(("initial",) if is_initial else ()), *((in_force,) if is_in_force else ()))
