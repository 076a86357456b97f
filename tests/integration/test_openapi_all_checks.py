"""Every check of schemathesis on every operation of the three services as their processes have them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.core.failures import FailureGroup

import services.aggregation.__main__
import services.alert.__main__
import services.ingest.__main__
from services.runtime.config import Settings
from services.runtime.service import Parts
from tests.integration.ingest_stack import create_topics, settings_for, wait_until
from tests.support.access import bearer, make_token
from tests.support.brokers import Broker

ASSEMBLE: dict[str, Callable[[Settings], Parts]] = {
    "ingest": services.ingest.__main__.assemble,
    "aggregation": services.aggregation.__main__.assemble,
    "alert": services.alert.__main__.assemble,
}


@dataclass(frozen=True, slots=True)
class Running:
    """A service with its loops."""

    parts: Parts
    token: str = field(repr=False)


@contextmanager
def running(name: str, configured: Settings) -> Iterator[Running]:
    parts = ASSEMBLE[name](configured)
    stop = threading.Event()
    threads = [threading.Thread(target=loop.run, args=(stop,)) for loop in parts.loops.values()]
    with ExitStack() as closing:
        closing.callback(parts.close)
        for thread in threads:
            thread.start()
            closing.callback(thread.join)
        closing.callback(stop.set)
        wait_until(lambda: parts.app.test_client().get("/readyz").status_code == 200)
        yield Running(parts, make_token(configured.database_url.get_secret_value()))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(ASSEMBLE))
def test_every_check_passes_on_every_operation(name: str, database_url: str, broker: Broker) -> None:
    # Probes without a token are to be answered 401, however many.
    configured = settings_for(
        database_url, broker, client_burst=1_000_000, failed_logins_per_minute=1_000_000
    )
    create_topics(configured)
    with running(name, configured) as service:
        schema = schemathesis.openapi.from_wsgi("/openapi.json", service.parts.app)
        # Rules across fields and facts (422) and what a file is (415) are beyond what a description can say.
        accepted = schema.config.checks.positive_data_acceptance
        accepted.expected_statuses = [*accepted.expected_statuses, "415", "422"]
        # A form of more than twenty parts is refused as too large before it is read.
        rejected = schema.config.checks.negative_data_rejection
        rejected.expected_statuses = [*rejected.expected_statuses, "413"]
        operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
        assert len(operations) > 5
        seen: set[int] = set()
        found = [
            f"{operation.label} ({mode.value}): {fault}"
            for operation, mode in product(operations, schemathesis.GenerationMode)
            for fault in faults(operation, mode, service.token, seen)
        ]
        assert not found, "\n\n".join(found)
        assert 200 in seen


def faults(operation: Any, mode: schemathesis.GenerationMode, token: str, seen: set[int]) -> list[str]:
    """What the checks find in made-up requests to an operation."""

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case[Any]) -> None:
        seen.add(case.call_and_validate(headers=bearer(token)).status_code)

    try:
        send()
    except Unsatisfiable:
        # Where nothing is asked, nothing can be asked wrongly.
        return [] if mode is schemathesis.GenerationMode.NEGATIVE else ["no request could be made up"]
    except FailureGroup as group:
        return [str(fault) for fault in group.exceptions]
    return []
