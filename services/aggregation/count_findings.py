"""Counts what the books make doubtful, for the operator's metrics."""

from __future__ import annotations

import threading

from services.aggregation import findings
from services.runtime import logs, metrics
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.postgres import CONNECTION_ERRORS, connect, transaction

_log = logs.get(__name__)
_SECONDS = 60.0


class CountFindings:
    """Sums every line once a minute: a finding is not urgent, and goes away with the next voucher."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Count until ``stop``."""
        while not stop.is_set():
            try:
                self.count()
            except CONNECTION_ERRORS as error:
                _log.warning("findings not counted", error=str(error).strip())
            stop.wait(_SECONDS)

    def count(self) -> None:
        """Set the gauge to what there is now."""
        connection = connect(self._database_url, application="giaingan-findings")
        try:
            with transaction(connection) as cursor:
                found = findings.count_open(cursor, self._clock.business_date())
        finally:
            connection.close()
        for kind, count in found.items():
            metrics.FINDINGS_OPEN.labels(kind).set(count)
