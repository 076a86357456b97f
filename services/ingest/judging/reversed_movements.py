"""What ingest knows of the movements that a request reverses, and whether each reversal fits its movement.

By aggregation's rule: a reversal has the line and the amount of what it takes back. Only where the movement
is known here, and beyond doubt, does the door decide; else the ledger does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.contracts import codec, topics
from services.domain.disbursement import Movement, MovementKind
from services.ingest.judging.judge import OUTSIDE_UNIT
from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.log.record_packing import Entry
from services.runtime.errors import FieldError

_SHOWN = 20
_FIELD = "reverses_event_id"

# What was stated under each id; several where an id was stated with several contents.
Contents = Mapping[UUID, Collection[codec.Fact]]


@dataclass(slots=True)
class Reversing:
    """The reversals of a request by what is known of their movements."""

    # The movement is known and has the reversal's line and amount.
    fitting: list[NamedReversal] = field(default_factory=list)
    # The movement was not accepted here.
    held: list[NamedReversal] = field(default_factory=list)
    # The movement was stated with several contents, and fits as one of them.
    undecided: list[NamedReversal] = field(default_factory=list)
    # The project of a movement whose reversal does not fit.
    differing: dict[NamedReversal, codec.Fact] = field(default_factory=dict)

    @property
    def projects(self) -> set[str]:
        """The projects of the movements that their reversals do not fit."""
        return {_project_code(each, target) for each, target in self.differing.items()}

    def faults(self, covers: Callable[[str], bool]) -> Iterator[FieldError]:
        """A fault of each that does not fit. Whose unit does not cover the project is told nothing of the
        movement."""
        for each, target in self.differing.items():
            yield _differs(each, target) if covers(_project_code(each, target)) else _outside(each)

    def warnings(self) -> Iterator[str]:
        """What the sender is told of those that the ledger decides."""
        for each in self.held[:_SHOWN]:
            yield (
                f"{each.place}{_FIELD}: chưa nhận bút toán {each.reversed_id}; bút toán đảo được giữ "
                f"lại (held) đến khi có / the movement {each.reversed_id} was not accepted here; its "
                "reversal is held until it arrives"
            )
        for each in self.undecided[:_SHOWN]:
            yield (
                f"{each.place}{_FIELD}: bút toán {each.reversed_id} đã được gửi với nhiều nội dung khác "
                f"nhau; sổ cái quyết định bút toán đảo này / the movement {each.reversed_id} was stated with "
                "several contents; the ledger decides on this reversal"
            )
        more = max(0, len(self.held) - _SHOWN) + max(0, len(self.undecided) - _SHOWN)
        if more:
            yield f"còn {more} bút toán đảo được giữ lại (held) / {more} more reversals are held"


def stated_under(entries: Iterable[Entry]) -> dict[UUID, list[codec.Fact]]:
    """The facts of journalled or sent events by id, each content once."""
    found: dict[UUID, dict[bytes, codec.Fact]] = {}
    for entry in entries:
        decode = codec.decode_disbursements if entry.topic == topics.DISBURSEMENT else codec.decode_plans
        for event in decode(entry.payload):
            if isinstance(event, codec.Event):
                found.setdefault(entry.event_id, {})[entry.content_hash] = event.fact
    return {event_id: list(facts.values()) for event_id, facts in found.items()}


def sort_out(named: Iterable[NamedReversal], contents: Contents) -> Reversing:
    """Each reversal by what its movement is known to be."""
    reversing = Reversing()
    for each in named:
        facts = contents.get(each.reversed_id, ())
        fits = any(_fits(each, fact) for fact in facts)
        if not facts:
            reversing.held.append(each)
        elif not fits:
            reversing.differing[each] = next(iter(facts))
        elif len(facts) > 1:
            reversing.undecided.append(each)
        else:
            reversing.fitting.append(each)
    return reversing


def _project_code(reversal: NamedReversal, target: codec.Fact) -> str:
    """Whose movement it is; what is no movement is told of by its name alone."""
    return target.project_code if isinstance(target, Movement) else reversal.project_code


def _fits(reversal: NamedReversal, target: codec.Fact) -> bool:
    return (
        isinstance(target, Movement)
        and target.kind is not MovementKind.REVERSAL
        and (target.project_code, target.fund_source, target.budget_year, target.amount.minor_units)
        == (reversal.project_code, reversal.fund_source, reversal.budget_year, reversal.amount)
        and target.carried_into == reversal.carried_into
    )


def _differs(reversal: NamedReversal, target: codec.Fact) -> FieldError:
    if not isinstance(target, Movement) or target.kind is MovementKind.REVERSAL:
        return _fault(
            reversal,
            detail=f"{reversal.reversed_id} không đảo được (là số lũy kế, quyết định, hoặc bút toán đảo) / "
            f"{reversal.reversed_id} is nothing to reverse: a statement, a decision, or a reversal",
            mend="gửi số liệu đúng thay vì đảo / send the right figure instead of reversing",
        )
    own = _as_words(
        reversal.project_code,
        reversal.fund_source,
        reversal.budget_year,
        reversal.amount,
        reversal.carried_into,
    )
    first = _as_words(
        target.project_code,
        target.fund_source,
        target.budget_year,
        target.amount.minor_units,
        target.carried_into,
    )
    return _fault(
        reversal,
        detail=f"bút toán đảo ghi ({own}), bút toán bị đảo ghi ({first}) / "
        f"the reversal is of ({own}), the movement of ({first})",
        mend="ghi đúng dự án, nguồn vốn, năm ngân sách và số tiền của bút toán bị đảo; ngày giá trị cũng "
        "trước hoặc cũng sau ngày 31/01 / state the movement's own project, fund source, budget year and "
        "amount, and a value date on the same side of the year's closing day (31 January)",
    )


def _as_words(
    project_code: str, fund_source: str, budget_year: int, amount: int, carried_into: int | None
) -> str:
    carried = f", kéo dài sang {carried_into}" if carried_into else ""
    return f"{project_code}, {fund_source}, {budget_year}{carried}, {amount:,} đồng"


def _fault(reversal: NamedReversal, *, detail: str, mend: str) -> FieldError:
    return FieldError(
        code="reversal-differs",
        where=f"{reversal.place}{_FIELD}",
        read=str(reversal.reversed_id),
        detail=detail,
        mend=mend,
    )


def _outside(reversal: NamedReversal) -> FieldError:
    return FieldError(
        code=OUTSIDE_UNIT,
        where=f"{reversal.place}{_FIELD}",
        read=str(reversal.reversed_id),
        detail="bút toán bị đảo thuộc đơn vị khác / the movement it reverses is another unit's",
        mend="gửi bằng mã truy cập của đơn vị liên quan / send it with a token of the unit concerned",
    )
