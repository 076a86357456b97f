"""The brokers stop answering and come back: sooner than the delivery timeout it is slow, later it is 503."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from kafka.producer.sender import Sender

from tests.chaos.world import DELIVERY_TIMEOUT_MS, World, wait
from tests.integration.ingest_stack import Answer, Ingest, make_known, running_ingest
from tests.support import stated
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka
PROJECTS = [f"P{number:02}" for number in range(8)]


def body(first: int, count: int = 5) -> dict[str, Any]:
    return {
        "movements": [
            stated.movement(source_ref=f"V-{n}", project_code=PROJECTS[n % len(PROJECTS)], amount=n + 1)
            for n in range(first, first + count)
        ]
    }


def ids(answer: Answer) -> set[UUID]:
    return {UUID(event_id) for event_id in answer.json["event_ids"]}


@contextmanager
def paused(world: World, *, seconds: float = 60) -> Iterator[None]:
    """Every broker frozen, to the end of the block or for so long."""

    def thaw() -> None:
        for broker in world.cluster.brokers:
            broker.thaw()

    for broker in world.cluster.brokers:
        broker.freeze()
    timer = threading.Timer(seconds, thaw)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        thaw()


def test_07_a_pause_shorter_than_the_delivery_timeout_is_only_slow(world: World) -> None:
    with running_ingest(world.settings(kafka_delivery_timeout_ms=6_000)) as ingest, running(world.settings()):
        acknowledged = make_known(ingest, *PROJECTS)
        acknowledged |= ids(ingest.post("/v1/disbursements", body(0)))
        for number in range(3):
            started = time.monotonic()
            with paused(world, seconds=world.rng.uniform(0.4, 1.2)):
                answer = ingest.post("/v1/disbursements", body(100 * (number + 1)))
            assert answer.status_code == 202, answer.text
            assert time.monotonic() - started > 0.35
            acknowledged |= ids(answer)
        world.require_right(acknowledged)


@pytest.mark.timeout(180)
def test_08_a_pause_longer_than_the_delivery_timeout_is_503_and_ingest_recovers_unaided(world: World) -> None:
    with running_ingest(world.settings()) as ingest, running(world.settings()):
        acknowledged = make_known(ingest, *PROJECTS)
        acknowledged |= ids(ingest.post("/v1/disbursements", body(0)))
        with paused(world):
            refused = _refused(ingest, body(100))
            again = _refused(ingest, body(200))
        # Sent once more, as the answer says, until it is taken: the same ids.
        for first, unsure in ((100, refused), (200, again)):
            answers: list[Answer] = []

            def sent_again(first: int = first, answers: list[Answer] = answers) -> bool:
                answers.append(ingest.post("/v1/disbursements", body(first)))
                return answers[-1].status_code == 202

            wait(sent_again, "ingest takes it after the pause")
            assert ids(answers[-1]) == ids(unsure)
            acknowledged |= ids(answers[-1])
        # And it stays well: the producer that timed out is not the one that goes on.
        for number in range(10):
            answer = ingest.post("/v1/disbursements", body(1_000 + 10 * number))
            assert answer.status_code == 202, answer.text
            acknowledged |= ids(answer)
        wait(lambda: _producers() == 1, "the producers that timed out are ended")
        world.require_right(acknowledged)


def _producers() -> int:
    """Threads of ingest's producers."""
    return sum(isinstance(t, Sender) and t.name.startswith("giaingan-ingest") for t in threading.enumerate())


def _refused(ingest: Ingest, sent: dict[str, Any]) -> Answer:
    started = time.monotonic()
    answer = ingest.post("/v1/disbursements", sent)
    assert (answer.status_code, answer.json["type"]) == (503, "urn:giaingan:problem:broker-unavailable")
    assert answer.retry_after
    assert time.monotonic() - started < DELIVERY_TIMEOUT_MS / 1000 + 2
    return answer
