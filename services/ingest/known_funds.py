"""A fund source that the policy does not name is refused at every door: its money would stand nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from services.ingest.sheets.faults import fault
from services.ingest.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.field_faults import as_json
from services.runtime.fund_sources import FundSourceNames

_SHOWN = 3


def unknown(stated: Sequence[StatedFact], names: FundSourceNames) -> Iterator[FieldError]:
    """A fault for every fact of a fund source that ``names`` does not know, with the nearest it does."""
    for each in stated:
        code = getattr(each.fact, "fund_source", None)
        if code is None or code in names.by_code:
            continue
        nearest = get_close_matches(code, names.by_code, n=_SHOWN, cutoff=0)
        yield fault(
            "unknown-choice",
            where=f"{each.place}fund_source",
            read=as_json(code),
            known=", ".join(f"{known} ({names.by_code[known].vi})" for known in nearest) + ", …",
        )
