"""``giaingan run``: starts everything, tells what it found, brings back what dies, leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.embedded.servers import free_port, running_postmaster, running_url
from tests.support.logins import execute

_RUNNING = "Ctrl-C stops everything"
_START_SECONDS = 80.0


class _Command:
    """``giaingan run`` as a process of its own, and what it printed."""

    def __init__(self, state_dir: Path, output: Path, ports: dict[str, int]) -> None:
        self._output = output
        options = [f"--{name}-port={port}" for name, port in ports.items()]
        unset = {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "GIAINGAN_BUSINESS_DATE"}
        with output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "services.cli", "run", f"--state-dir={state_dir}", *options],
                env={name: value for name, value in os.environ.items() if name not in unset},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, text: str) -> str:
        """Everything printed, once ``text`` is in it."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            printed = self._output.read_text(encoding="utf-8")
            if text in printed:
                return printed
            assert self.process.poll() is None, printed
            time.sleep(0.1)
        raise AssertionError(f"{text!r} was not printed:\n{self._output.read_text(encoding='utf-8')}")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


@pytest.fixture
def commands() -> Iterator[list[_Command]]:
    """Commands started by the test; stopped whatever happens."""
    started: list[_Command] = []
    yield started
    for command in started:
        if command.process.poll() is None:
            command.stop()


def _recorded(state_dir: Path) -> dict[str, int]:
    rows = json.loads((state_dir / "processes.json").read_text(encoding="utf-8"))
    return {row["name"]: row["pid"] for row in rows}


def _is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.timeout(240)
def test_the_whole_life_of_the_stack(tmp_path: Path, commands: list[_Command]) -> None:
    state_dir = tmp_path / "state"
    ports = {name: free_port() for name in ("ingest", "aggregation", "alert")}

    first = _Command(state_dir, tmp_path / "first.txt", ports)
    commands.append(first)
    printed = first.wait_for(_RUNNING)
    assert re.search(r"Quảng Nam \(49\).*35,71 %", printed)
    assert re.search(r"Cà Mau \(96\)", printed)
    assert "Cà Mau: giải ngân 34,0\u00a0%, mục tiêu của tỉnh 40,0\u00a0%" in printed
    assert "22.37%" in printed
    assert f"http://127.0.0.1:{ports['alert']}/feeds/alerts.atom" in printed
    assert re.search(r"KAFKA_BOOTSTRAP_SERVERS=127\.0\.0\.1:\d+\n", printed)
    # Where the client commands look.
    urls = json.loads((state_dir / "urls.json").read_text(encoding="utf-8"))
    assert urls == {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    # Each service is there as its own role, and as nobody else.
    url = running_url(state_dir / "postgres", "giaingan")
    assert url
    connected = execute(
        url,
        "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = 'giaingan'"
        " AND pid <> pg_backend_pid()",
    )
    assert set(connected) == {(f"giaingan_run_{name}",) for name in ports}

    # A service that dies comes back, and the console says so.
    os.kill(_recorded(state_dir)["alert"], signal.SIGKILL)
    first.wait_for("alert stopped by itself (signal SIGKILL")

    # The stack itself is killed: it leaves its processes, and the next start ends them.
    left = _recorded(state_dir)
    first.process.kill()
    first.process.wait()
    assert any(_is_running(pid) for pid in left.values())
    assert running_postmaster(state_dir / "postgres")

    second = _Command(state_dir, tmp_path / "second.txt", ports)
    commands.append(second)
    printed = second.wait_for(_RUNNING)
    assert "left by a stack that was killed" in printed
    assert re.search(r"0 new, all \d+ events are duplicates", printed)
    assert not any(_is_running(pid) for pid in left.values())

    now = _recorded(state_dir)
    assert set(now) == {"broker", "ingest", "aggregation", "alert"}
    assert second.stop() == 0
    assert not (state_dir / "urls.json").exists()
    assert not any(_is_running(pid) for pid in now.values())
    assert running_postmaster(state_dir / "postgres") is None
