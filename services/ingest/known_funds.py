"""A fund source that the policy does not name is refused at every door: its money would stand nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from services.ingest.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.field_faults import as_json
from services.runtime.fund_sources import FundSourceNames

_SHOWN = 3


def unknown(stated: Iterable[StatedFact], names: FundSourceNames) -> Iterator[FieldError]:
    """The faults of several facts."""
    for each in stated:
        yield from faults_of(each, names)


def faults_of(stated: StatedFact, names: FundSourceNames) -> Iterator[FieldError]:
    """A fault of a fact of a fund source that ``names`` does not know, with the nearest it does."""
    code = getattr(stated.fact, "fund_source", None)
    if code is None or code in names.by_code:
        return
    nearest = get_close_matches(code, names.by_code, n=_SHOWN, cutoff=0)
    known = ", ".join(f"{near} ({names.by_code[near].vi})" for near in nearest) + ", …"
    yield stated.fault(
        "unknown-choice",
        field="fund_source",
        read=as_json(code),
        detail="Không có trong danh mục. / Not one of the known values.",
        mend=f"Dùng một trong: {known}. / Use one of: {known}.",
    )
