"""What the README shows is what is printed, and what it tells the reader to type works."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import urllib.request

from rich.console import Console

from deploy.embedded import report
from tests.support.access import bearer
from tests.support.stack import RunningStack
from tests.support.tidy import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
WIDTH = 100
_PORTS = {"8081": "ingest", "8082": "aggregation", "8083": "alert"}


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _block(heading: str) -> list[str]:
    """The first block of commands under a heading."""
    found = re.search(rf"^## {re.escape(heading)}$.*?^```sh\n(.*?)^```", README, re.M | re.S)
    assert found, f"no commands under {heading}"
    return found[1].strip().splitlines()


def test_the_readme_shows_the_report_that_is_printed(loaded: RunningStack) -> None:
    printed = io.StringIO()
    report.print_report(
        Console(file=printed, width=WIDTH),
        urls={name: loaded.url(name) for name in loaded.services},
        token=loaded.token,
    )
    assert _lines(printed.getvalue()) in _lines(README)


def test_the_readme_shows_the_addresses_that_are_printed() -> None:
    printed = io.StringIO()
    report.print_addresses(
        Console(file=printed, width=WIDTH),
        urls={name: f"http://127.0.0.1:{port}" for port, name in _PORTS.items()},
        bootstrap_servers="127.0.0.1:36361",
        token="ggn_…",
        token_file=".giaingan/token",
    )
    assert _lines(printed.getvalue()) in _lines(README)


def test_what_the_readme_tells_to_try_works(loaded: RunningStack) -> None:
    first, *commands = _block("Try it")
    assert first == "export GIAINGAN_TOKEN=$(cat .giaingan/token)"
    assert len(commands) >= 4
    for command in commands:
        words = shlex.split(command)
        if words[0] == "curl":
            url = re.sub(
                r"127\.0\.0\.1:(\d+)", lambda m: f"127.0.0.1:{loaded.services[_PORTS[m[1]]].port}", words[-1]
            )
            assert words[words.index("-H") + 1] == "Authorization: Bearer $GIAINGAN_TOKEN"
            request = urllib.request.Request(url, headers=bearer(loaded.token))
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200
                assert answer.read()
        else:
            assert words[0] == ".venv/bin/giaingan"
            done = subprocess.run(
                [sys.executable, "-m", "services.cli", *words[1:], "--url", loaded.url("ingest")],
                cwd=ROOT,
                env={**os.environ, "GIAINGAN_TOKEN": loaded.token},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
