"""Kill the parts while the sample loads: the outcome is that of the undisturbed stack."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from kafka.errors import KafkaError

from deploy.embedded.settling import records_in_log
from deploy.embedded.stack import SERVICES, wait_until_ready
from services.contracts import topics
from tests.e2e.outcome import outcome, repeated_alerts, set_aside
from tests.support.stack import RunningStack

_LOAD_SECONDS = 150


@pytest.mark.timeout(180)
def test_each_service_killed_while_the_sample_loads(stack: RunningStack, loaded: RunningStack) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - moments of faults, no secret
    print(f"seed {seed}")  # noqa: T201 - a fault that is found must be found again
    moments = random.Random(seed)  # noqa: S311
    with ThreadPoolExecutor(max_workers=1) as pool:
        loading = pool.submit(stack.load_sample)
        for name in SERVICES:
            time.sleep(moments.uniform(0.05, 0.6))
            stack.services[name].kill()
            time.sleep(moments.uniform(0.0, 0.5))
            stack.services[name].start()
        loading.result(timeout=_LOAD_SECONDS)
    _assert_as_if_nothing_happened(stack, loaded)


@pytest.mark.timeout(180)
def test_the_broker_killed_and_started_empty_while_the_sample_loads(
    stack: RunningStack, loaded: RunningStack
) -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        loading = pool.submit(stack.load_sample)
        time.sleep(0.4)
        stack.broker.kill()
        time.sleep(0.5)
        stack.broker.start()
        loading.result(timeout=_LOAD_SECONDS)
    # And once more, with everything in it.
    stack.broker.kill()
    stack.broker.start()
    _wait_until_restored(stack)
    _assert_as_if_nothing_happened(stack, loaded)


def _assert_as_if_nothing_happened(stack: RunningStack, loaded: RunningStack) -> None:
    wait_until_ready(list(stack.services.values()))
    stack.settle()
    assert outcome(stack) == outcome(loaded)
    assert repeated_alerts(stack) == []
    assert set_aside(stack) == []
    again = stack.load_sample()
    assert (again.new, again.conflicting) == (0, 0)
    assert outcome(stack) == outcome(loaded)


def _wait_until_restored(stack: RunningStack) -> None:
    """Ingest writes its log again; until it begins, nothing is there to be read."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(KafkaError):
            if records_in_log(stack.broker.bootstrap_servers, topics.DISBURSEMENT) > 0:
                return
        time.sleep(0.2)
    raise AssertionError("ingest did not restore the log")
