"""A part that dies is started again, ever later, and given up where it keeps dying."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from deploy.embedded.processes import Part, Restarts, Supervisor


def test_waits_double_with_each_rapid_death_and_end() -> None:
    restarts = Restarts(rapid_seconds=20, give_up_after=5)
    waits = [restarts.wait_after(lived_seconds=1) for _ in range(5)]
    assert waits == [0.5, 1.0, 2.0, 4.0, None]


def test_a_part_that_lived_long_begins_anew() -> None:
    restarts = Restarts(rapid_seconds=20, give_up_after=3)
    assert restarts.wait_after(lived_seconds=1) == 0.5
    assert restarts.wait_after(lived_seconds=1) == 1.0
    assert restarts.wait_after(lived_seconds=3600) == 0.5


class _Process:
    """A real process as a part: runs a line of Python."""

    def __init__(self, code: str) -> None:
        self.name = "part"
        self.starts = 0
        self._code = code
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.starts += 1
        self._process = subprocess.Popen([sys.executable, "-c", self._code])

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


def _supervisor(said: list[str], gave_up: threading.Event) -> Supervisor:
    def recorded(parts: object) -> None:
        pass

    return Supervisor(
        say=said.append,
        on_change=recorded,
        on_give_up=gave_up.set,
        restarts=lambda: Restarts(first_wait_seconds=0.05),
    )


def test_a_killed_part_comes_back_and_stops_with_the_supervisor() -> None:
    said: list[str] = []
    supervisor = _supervisor(said, threading.Event())
    part: _Process = _Process("import time; time.sleep(60)")
    as_part: Part = part
    supervisor.start(as_part)
    part.stop()
    deadline = time.monotonic() + 10
    while part.starts < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert part.starts == 2
    assert said == ["part stopped by itself; started again in 0.05 s."]
    supervisor.close()
    assert not part.is_running


def test_a_part_that_keeps_dying_is_given_up_loudly() -> None:
    said: list[str] = []
    gave_up = threading.Event()
    supervisor = _supervisor(said, gave_up)
    supervisor.start(_Process("raise SystemExit(3)"))
    assert gave_up.wait(20)
    supervisor.close()
    assert "5 times in a row" in supervisor.gave_up
    assert said[-1].endswith("giving up.")
