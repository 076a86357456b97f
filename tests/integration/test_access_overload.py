"""Far more clients than a service works for, against the real process: answered, bounded, and healthy."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.servers import free_port
from deploy.embedded.stack import service_environment, wait_until_ready
from tests.integration.ingest_stack import create_topics, settings_for
from tests.support.access import bearer, make_token
from tests.support.alerting import rows
from tests.support.brokers import Broker, is_apache_kafka

CLIENTS = 40
SECONDS = 5.0
MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Seen:
    """What all clients were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    busy_waits: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, seconds: float) -> None:
        with self.lock:
            self.statuses[status] += 1
            if status == 503:
                self.busy_waits.append(seconds)


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, float, str | None]:
    """Status, seconds and Retry-After of one request on a connection of its own."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.monotonic() - started, answer.headers["Retry-After"]
    finally:
        connection.close()


def test_forty_clients_without_rest_get_an_answer_each_and_health_is_told(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    ports = {name: free_port() for name in ("ingest", "aggregation", "alert")}
    environment = service_environment(
        database_url=database_url,
        bootstrap_servers=broker.bootstrap_servers,
        ports=ports,
        is_broker_embedded=not is_apache_kafka(),
    )
    create_topics(settings_for(database_url, broker))
    good = bearer(make_token(database_url))
    limits = {"GIAINGAN_MAX_IN_FLIGHT": "2", "GIAINGAN_CLIENT_BURST": "100000"}
    service = ServiceProcess(
        "alert", port=ports["alert"], environment=environment | limits, log_file=tmp_path / "alert.log"
    )
    service.start()
    try:
        wait_until_ready([service])
        process = psutil.Process(service.pid or 0)
        for _ in range(200):
            assert ask(service.port, "/feeds/alerts.atom", good)[0] == 200
        before = process.memory_info().rss
        seen, health = Seen(), []
        stop = threading.Event()

        def hammer(number: int) -> None:
            # Every fourth has no token.
            headers = good if number % 4 else {}
            while not stop.is_set():
                status, seconds, retry_after = ask(service.port, "/feeds/alerts.atom", headers)
                assert (status in (429, 503)) is (retry_after is not None)
                seen.add(status, seconds)

        threads = [threading.Thread(target=hammer, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            health.append(ask(service.port, "/readyz", {})[:2])
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()

        assert set(seen.statuses) <= {200, 401, 429, 503}, seen.statuses
        assert seen.statuses[200] > 50
        assert seen.statuses[503] > seen.statuses[200]
        assert max(seen.busy_waits) < 3
        assert seen.statuses[401] <= 30
        assert {status for status, _ in health} == {200}
        assert max(seconds for _, seconds in health) < 3
        assert process.memory_info().rss - before < 30 * MEGABYTE
    finally:
        service.ask_to_stop()
        service.stop()
    # All that was refused is told in a handful of rows.
    ((kept, times),) = rows(database_url, "SELECT count(*), sum(times) FROM access.audit")
    assert kept < 40
    assert times == seen.statuses[401] + seen.statuses[429]
