"""Ten times what ingest takes: it answers 429 or 503 with the time to come again, and keeps its memory."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psutil
import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from tests.chaos.requests import post
from tests.chaos.world import World, wait
from tests.support import stated
from tests.support.access import bearer, make_token

pytestmark = pytest.mark.chaos
_CLIENTS = 40
_MEGABYTE = 1024 * 1024
_MOST_GROWTH = 60 * _MEGABYTE
# What each of four tokens may send: by far less than a tenth of what forty clients without rest do.
_LIMITS = {
    "GIAINGAN_CLIENT_REQUESTS_PER_SECOND": "2",
    "GIAINGAN_CLIENT_BURST": "20",
    "GIAINGAN_MAX_IN_FLIGHT": "4",
}


@dataclass(slots=True)
class _Seen:
    """What the clients were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[UUID] = field(default_factory=list)
    without_retry_after: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, retry_after: str | None, answer: Any) -> None:
        with self.lock:
            self.statuses[status] += 1
            self.without_retry_after += status in (429, 503) and not retry_after
            if status == 202:
                self.accepted += [UUID(each) for each in answer["event_ids"]]


@pytest.mark.timeout(300)
def test_29_twenty_seconds_of_overload(world: World) -> None:
    _flood(world, seconds=20)


@pytest.mark.chaos_full
@pytest.mark.timeout(900)
def test_29_five_minutes_of_overload(world: World) -> None:
    _flood(world, seconds=300)


def _flood(world: World, *, seconds: float) -> None:
    world.create_topics()
    tokens = [make_token(world.database_url, name=f"sender-{number}") for number in range(4)]
    ingest, worker = world.process("ingest", settings=_LIMITS), world.process("aggregation")
    ingest.start()
    worker.start()
    wait_until_ready([ingest, worker])
    registered = {"projects": [stated.project()]}
    wait(lambda: post(ingest, tokens[0], "/v1/registers", registered)[0] == 202, "the project is known")

    process = psutil.Process(ingest.pid or 0)
    seen, healthy = _Seen(), Counter[int]()
    stop = threading.Event()
    clients = [
        threading.Thread(target=_hammer, args=(ingest, tokens[number % 4], number, seen, stop))
        for number in range(_CLIENTS)
    ]
    for client in clients:
        client.start()
    # Once its threads and buffers are there, it grows no more.
    wait(lambda: sum(seen.statuses.values()) > 500, "it is flooded")
    before = process.memory_info().rss
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        healthy[_health(ingest)] += 1
        time.sleep(0.2)
    grown = process.memory_info().rss - before
    stop.set()
    for client in clients:
        client.join()

    assert set(seen.statuses) <= {202, 429, 503}, seen.statuses
    # Ten times what it takes, and what it takes goes on.
    assert seen.statuses[429] + seen.statuses[503] > 9 * seen.statuses[202], seen.statuses
    assert seen.statuses[202] > seconds
    assert seen.without_retry_after == 0
    assert set(healthy) == {200}
    assert grown < _MOST_GROWTH
    world.require_right(seen.accepted)


def _hammer(ingest: ServiceProcess, token: str, client: int, seen: _Seen, stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        body = json.dumps({"movements": [stated.movement(source_ref=f"{client}-{number}")]}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=60)
        try:
            headers = {"Content-Type": "application/json", **bearer(token)}
            connection.request("POST", "/v1/disbursements", body, headers)
            answer = connection.getresponse()
            seen.add(answer.status, answer.headers["Retry-After"], json.load(answer))
        finally:
            connection.close()


def _health(ingest: ServiceProcess) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=60)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
