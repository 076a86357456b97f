"""The services as processes of their own, and what brings back a part that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.embedded.child import Child

_STOP_SECONDS = 20.0
_WATCH_SECONDS = 0.2


class Part(Protocol):
    """A process of the stack: a service or the broker."""

    name: str

    @property
    def is_running(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class ServiceProcess(Child):
    """One service, started as an operator would: ``giaingan <name>`` with settings from the environment."""

    def __init__(self, name: str, *, port: int, environment: Mapping[str, str], log_file: Path) -> None:
        super().__init__()
        self.name = name
        self.port = port
        self.log_file = log_file
        self._environment = environment

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def exit_code(self) -> int | None:
        """Its exit code where it ended; negative is the number of the signal that ended it."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C goes to the stack, which stops its parts in order.
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        return [sys.executable, "-P", "-m", "services.cli", self.name]

    def stop(self) -> None:
        """SIGTERM: it finishes the batch in hand and leaves its group. SIGKILL where it does not end."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def not_ready(self) -> str:
        """Why it cannot work yet, by its own /readyz; empty when it can."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):  # noqa: S310 - our own loopback URL
                return ""
        except urllib.error.HTTPError as error:
            try:
                faults = json.load(error)["errors"]
            except (ValueError, KeyError):
                return f"HTTP {error.code}"
            return ", ".join(f"{fault['where']}: {fault['detail']}" for fault in faults)
        except OSError as error:
            return str(getattr(error, "reason", error))


@dataclass(slots=True)
class Restarts:
    """When a part that died is started again: soon, and twice as late with each death soon after a start."""

    first_wait_seconds: float = 0.5
    rapid_seconds: float = 20.0
    give_up_after: int = 5
    rapid_deaths: int = 0

    def wait_after(self, *, lived_seconds: float) -> float | None:
        """Seconds to wait; ``None`` to give up."""
        self.rapid_deaths = self.rapid_deaths + 1 if lived_seconds < self.rapid_seconds else 1
        if self.rapid_deaths >= self.give_up_after:
            return None
        return self.first_wait_seconds * float(2 ** (self.rapid_deaths - 1))


@dataclass(slots=True)
class _Watched:
    part: Part
    restarts: Restarts
    started_at: float = field(default_factory=time.monotonic)
    start_again_at: float | None = None


class Supervisor:
    """Watches parts in a thread of its own and brings back the ones that die, until it is closed."""

    def __init__(
        self,
        *,
        say: Callable[[str], None],
        on_change: Callable[[Sequence[Part]], None],
        on_give_up: Callable[[], None],
        restarts: Callable[[], Restarts] = Restarts,
    ) -> None:
        self._say = say
        self._on_change = on_change
        self._on_give_up = on_give_up
        self._restarts = restarts
        self._watched: list[_Watched] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.gave_up = ""

    def start(self, part: Part) -> None:
        """Start a part and watch it from now on."""
        with self._lock:
            # Watched before it runs: whatever interrupts us here, close() stops it.
            self._watched.append(_Watched(part, self._restarts()))
            part.start()
            self._on_change([watched.part for watched in self._watched])
            if not self._thread.is_alive():
                self._thread.start()

    def close(self) -> None:
        """Stop watching, then stop the parts: services together first, in the end what they stand on."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        parts = [watched.part for watched in self._watched]
        for part in parts:
            if isinstance(part, ServiceProcess):
                part.ask_to_stop()
        for part in reversed(parts):
            part.stop()
        self._on_change([])

    def _watch(self) -> None:
        while not self._closing.wait(_WATCH_SECONDS):
            with self._lock:
                for watched in self._watched:
                    if not self.gave_up:
                        self._look_at(watched)

    def _look_at(self, watched: _Watched) -> None:
        part = watched.part
        now = time.monotonic()
        if watched.start_again_at is not None:
            if now >= watched.start_again_at:
                self._start_again(watched)
        elif not part.is_running:
            wait_seconds = watched.restarts.wait_after(lived_seconds=now - watched.started_at)
            died = f"{part.name} stopped by itself{_how(part)}"
            if wait_seconds is None:
                self.gave_up = f"{died}, {watched.restarts.rapid_deaths} times in a row"
                self._say(f"{self.gave_up}: giving up.")
                self._on_give_up()
                return
            self._say(f"{died}; started again in {wait_seconds:g} s.")
            watched.start_again_at = now + wait_seconds

    def _start_again(self, watched: _Watched) -> None:
        watched.start_again_at = None
        watched.started_at = time.monotonic()
        try:
            watched.part.start()
        except (OSError, TimeoutError) as error:
            self._say(f"{watched.part.name} does not start: {error}")
        self._on_change([each.part for each in self._watched])


def _how(part: Part) -> str:
    if not isinstance(part, ServiceProcess) or part.exit_code is None:
        return ""
    code = part.exit_code
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f" ({how}; log: {part.log_file})"
