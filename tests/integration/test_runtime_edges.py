"""The shared shell at its edges: a broker that is away, a wrong setting, a body that is too large."""

from __future__ import annotations

import http.client
import logging
import threading
import time

import psycopg2
import pytest
from waitress.server import BaseWSGIServer

from deploy.embedded import servers
from services.contracts import topics
from services.runtime import config, service
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import BrokerUnavailableError, Publisher, Record
from services.runtime.postgres import Pool, connect, is_away
from services.runtime.service import Parts
from tests.support.aggregation import eventually, settings_for

SECRET = "S3cret-of-the-database"


def test_requests_do_not_queue_behind_each_other_while_the_broker_is_away() -> None:
    settings = settings_for("unused", f"127.0.0.1:{servers.free_port()}", kafka_delivery_timeout_ms=1_000)
    publisher = Publisher(settings, client_id="test")
    waited: list[float] = []

    def publish() -> None:
        started = time.monotonic()
        with pytest.raises(BrokerUnavailableError):
            publisher.publish(topics.PLAN, [Record("k", b"v")])
        waited.append(time.monotonic() - started)

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 8
    assert max(waited) < 4


@pytest.mark.parametrize("url", [f"postgresql//user:{SECRET}@db/x", f"postgresql://user:{SECRET}%zz@db/x"])
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StopServiceError) as refused:
        connect(url, application="test")
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_with_a_raw_at_sign_is_not_quoted_as_a_host() -> None:
    with pytest.raises(psycopg2.OperationalError) as refused:
        connect(f"postgresql://user:secret@{SECRET}@nowhere.invalid/x", application="test")
    assert SECRET not in str(refused.value)
    assert "%40" in str(refused.value)


def test_a_server_that_is_away_is_waited_for_and_one_that_refuses_by_name_is_not(
    postgres_server: str,
) -> None:
    with pytest.raises(psycopg2.OperationalError) as away:
        connect(f"postgresql://user@127.0.0.1:{servers.free_port()}/x", application="test")
    assert is_away(away.value)
    with pytest.raises(psycopg2.OperationalError) as refused:
        connect(postgres_server.replace("/postgres?", "/no_such_database?", 1), application="test")
    assert not is_away(refused.value)
    full = "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute"
    assert is_away(psycopg2.OperationalError(full))


def test_a_missing_setting_is_named_without_the_value_of_any(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{SECRET}@db/x")
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        assert service.start("ingest", lambda _: pytest.fail("assembled")) == 1
    finally:
        root.handlers[:] = handlers
    printed = "".join(capsys.readouterr()) + caplog.text
    assert "KAFKA_BOOTSTRAP_SERVERS" in printed
    assert SECRET not in printed


@pytest.mark.parametrize(("size", "status"), [(2_048, 404), (2_049, 413)])
def test_a_body_over_the_limit_is_answered_with_a_problem(
    server: BaseWSGIServer, size: int, status: int
) -> None:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    port = int(server.effective_port)
    try:
        eventually(lambda: _answer(port, 0)[0] == 404)
        assert _answer(port, size) == (status, "application/problem+json")
    finally:
        service.stop_listening(server)
        thread.join()


def test_the_socket_is_closed_by_the_thread_that_waits_on_it(
    server: BaseWSGIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_by: list[threading.Thread] = []
    close = server.close

    def close_and_tell() -> None:
        closed_by.append(threading.current_thread())
        close()

    monkeypatch.setattr(server, "close", close_and_tell)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    service.stop_listening(server)
    thread.join(timeout=10)
    assert closed_by == [thread]
    assert not thread.is_alive()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> BaseWSGIServer:
    """Listens, and does not answer yet."""
    monkeypatch.setenv("DATABASE_URL", "unused")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "unused")
    monkeypatch.setenv("GIAINGAN_MAX_BODY_BYTES", "1024")
    monkeypatch.setenv("GIAINGAN_MAX_IMPORT_BYTES", "2048")
    settings = config.load()
    gate = Gate(settings, service="test", pool=Pool("unused", application="test", size=1))
    api = Api(service="test", title="t", description="d", gate=gate)
    return service.server_of(settings, Parts(api.app, {}, lambda: None), port=0)


def _answer(port: int, size: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/nowhere", b"x" * size, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"]
