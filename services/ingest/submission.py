"""One request as it was read and judged, whatever door it came in by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ingest import receipts
from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.judging.stated_fact import StatedFact
from services.ingest.log.record_packing import Entry
from services.ingest.receipts import Total
from services.ingest.standings import Standings
from services.runtime.errors import FieldError


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What the receipt tells of a file besides its facts."""

    name: str
    sha256: str
    rows_read: int
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """The events of a request, and the faults found while reading and judging it.

    ``entries`` are gone through several times and never held as a whole: a list of a JSON body, or the spool
    of a file. ``totals`` and ``named_reversals`` are of those entries. With any fault the entries do not
    matter.
    """

    profile: str
    entries: Collection[Entry]
    faults: Sequence[FieldError] = ()
    totals: Sequence[Total] = ()
    named_reversals: Sequence[NamedReversal] = ()
    # Who states it, for the log.
    sources: Collection[str] = ()
    file: FileSummary | None = None
    # What the journal said of the entries while they were read, where it was asked so early.
    standings: Standings | None = None

    @classmethod
    def of(
        cls,
        profile: str,
        stated: Sequence[StatedFact],
        *,
        faults: Sequence[FieldError],
        recorded_at: datetime,
        file: FileSummary | None = None,
    ) -> Submission:
        """That of facts in memory."""
        return cls(
            profile=profile,
            entries=[Entry.of(each.fact, recorded_at=recorded_at) for each in stated],
            faults=faults,
            totals=receipts.totals(each.fact for each in stated),
            named_reversals=[
                named for each in stated if (named := NamedReversal.of(each.fact, place=each.place))
            ],
            sources=sorted({each.fact.source for each in stated}),
            file=file,
        )
