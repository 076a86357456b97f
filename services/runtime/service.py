"""Runs one service: its loops in threads, its API in another, until SIGTERM or until a part fails."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flask import Flask
from pydantic import ValidationError
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask

from services.runtime import config, logs
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError
from services.runtime.http_problems import http_problem
from services.runtime.postgres import CONNECTION_ERRORS, is_away

_log = logs.get(__name__)
_STOP_SECONDS = 15.0
_DATABASE_RETRY_SECONDS = 1.0


class _ProblemTask(ErrorTask):  # type: ignore[misc]
    """What waitress refuses before the application sees it, answered as a problem too."""

    def execute(self) -> None:
        refused = self.request.error
        problem = http_problem(refused.code, refused.reason, refused.body).problem
        body = problem.model_dump_json().encode()
        self.status = f"{refused.code} {refused.reason}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


HTTPChannel.error_task_class = _ProblemTask


class Loop(Protocol):
    """Work that goes on until it is told to stop; what it raises stops the service."""

    def run(self, stop: threading.Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A service, put together and not yet running."""

    app: Flask
    loops: Mapping[str, Loop]
    close: Callable[[], None]


def start(name: str, assemble: Callable[[Settings], Parts]) -> int:
    """Put a service together and run it; the exit code is 0 when it was told to stop, 1 where it failed.

    What keeps it from starting (a policy, a migration, a login) is one line in the log. A database that is
    not there yet is waited for: services and servers start in any order.
    """
    try:
        settings = config.load()
    except ValidationError as error:
        logs.configure("INFO", name)
        _log.critical("service does not start", settings=config.faults(error))
        return 1
    logs.configure(settings.log_level, name)
    try:
        parts = _assembled(settings, assemble)
    except (StopServiceError, *CONNECTION_ERRORS) as error:
        _log.critical("service does not start", reason=str(error).strip())
        return 1
    try:
        return _run(settings, parts, port=getattr(settings, f"{name}_port"))
    finally:
        parts.close()


def _assembled(settings: Settings, assemble: Callable[[Settings], Parts]) -> Parts:
    while True:
        try:
            return assemble(settings)
        except CONNECTION_ERRORS as error:
            if not is_away(error):
                raise
            _log.warning("database not reached, waited for", error=str(error).strip())
        time.sleep(_DATABASE_RETRY_SECONDS)


def server_of(settings: Settings, parts: Parts, *, port: int) -> BaseWSGIServer:
    """The HTTP server of a service, listening and not yet answering."""
    return create_server(
        parts.app,
        host=settings.bind_host,
        port=port,
        threads=settings.http_threads,
        ident="giaingan",
        # waitress refuses a body of exactly its limit too.
        max_request_body_size=max(settings.max_body_bytes, settings.max_import_bytes) + 1,
        channel_timeout=30,
        clear_untrusted_proxy_headers=True,
    )


def stop_listening(server: BaseWSGIServer) -> None:
    """Close the server's socket in the thread that waits on it: closed by another, it would wait on a socket
    that is gone, and fail."""
    server.trigger.pull_trigger(server.close)


def _run(settings: Settings, parts: Parts, *, port: int) -> int:
    stop = threading.Event()
    failed: list[str] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    server = server_of(settings, parts, port=port)

    def guarded(name: str, loop: Loop) -> None:
        try:
            loop.run(stop)
        except StopServiceError as error:
            _log.critical("service stops", part=name, reason=str(error))
            failed.append(name)
        except Exception:
            _log.critical("service stops", part=name, exc_info=True)
            failed.append(name)
        finally:
            stop.set()

    threads = [
        threading.Thread(target=guarded, args=(name, loop), name=name) for name, loop in parts.loops.items()
    ]
    http = threading.Thread(target=server.run, name="http", daemon=True)
    for thread in [*threads, http]:
        thread.start()
    _log.info("service started", host=settings.bind_host, port=server.effective_port)

    stop.wait()
    _log.info("service stopping")
    stop_listening(server)
    for thread in threads:
        thread.join(timeout=_STOP_SECONDS)
        if thread.is_alive():
            _log.error("part did not stop in time", part=thread.name)
            failed.append(thread.name)
    _log.info("service stopped", failed=failed)
    return 1 if failed else 0
