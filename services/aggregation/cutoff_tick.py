"""The cut-off tick: each business date, every project of an open budget year is evaluated again.

A project that pays nothing sends no event, and is the worst laggard of all: only the calendar can
bring it up. Weekends too, since the last day of a month may be one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from services.runtime import logs, metrics
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.postgres import CONNECTION_ERRORS, connect, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_log = logs.get(__name__)
_CHECK_SECONDS = 5.0


class CutoffTick:
    """Marks every project due once a business date, whichever process comes first."""

    def __init__(self, settings: Settings, *, clock: Clock, on_tick: Callable[[], None]) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._clock = clock
        self._on_tick = on_tick

    def run(self, stop: threading.Event) -> None:
        """Look at the calendar every few seconds until ``stop``."""
        while not stop.is_set():
            try:
                self.tick()
            except CONNECTION_ERRORS as error:
                _log.warning("tick not done yet", error=str(error).strip())
            stop.wait(_CHECK_SECONDS)

    def tick(self) -> int | None:
        """Run today's tick; returns how many projects it marked, ``None`` where it ran before."""
        business_date = self._clock.business_date()
        connection = connect(self._database_url, application="giaingan-tick")
        try:
            with transaction(connection) as cursor:
                cursor.execute(_QUERIES["tick"], {"business_date": business_date})
                row = cursor.fetchone()
        finally:
            connection.close()
        if row is None:
            return None
        metrics.LAST_TICK.set(time.time())
        _log.info("cut-off tick", business_date=business_date.isoformat(), projects=row[0])
        self._on_tick()
        projects: int = row[0]
        return projects
