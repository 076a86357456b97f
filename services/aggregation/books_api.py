"""What every route that reads the books is made with."""

from __future__ import annotations

from collections.abc import Sequence

from services.domain.disbursement import Series
from services.runtime.clock import Clock
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Pool


class BooksApi:
    """Routes over the books: the series that may count, the preferred first, and what funds are called."""

    def __init__(
        self, *, pool: Pool, clock: Clock, series: Sequence[Series], fund_sources: FundSourceNames
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._series = list(series)
        self._fund_sources = fund_sources
