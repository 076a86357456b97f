"""A fund source that the policy does not name is refused at every door: its money would stand nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.ingest.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.fund_sources import FundSourceNames, unknown_fund_source


def unknown(stated: Iterable[StatedFact], names: FundSourceNames) -> Iterator[FieldError]:
    """The faults of several facts."""
    for each in stated:
        yield from faults_of(each, names)


def faults_of(stated: StatedFact, names: FundSourceNames) -> Iterator[FieldError]:
    """A fault of a fact of a fund source that ``names`` does not know, with the nearest it does."""
    code = getattr(stated.fact, "fund_source", None)
    if code is None or code in names.by_code:
        return
    told = unknown_fund_source(code, names, where="fund_source")
    yield stated.fault(told.code, field="fund_source", read=told.read, detail=told.detail, mend=told.mend)
