"""How long ``giaingan backtest`` takes over a year of 2,000 projects, and what policies are worth on it:
``make bench-backtest``.

The year is simulated (deploy/sample/full_year.py) and written by aggregation's own transaction into a real
PostgreSQL. The command is run as an auditor runs it, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from deploy.embedded import servers
from services.runtime import logs, roles
from tests.support import simulated_year
from tests.support.applied import Books
from tests.support.logins import login_of

MOST_SECONDS = 60.0
_POLICY = Path(__file__).resolve().parents[2] / "deploy" / "policy"
_YEAR = ("--from", "2022-01-01", "--to", "2023-01-31")
_COMPARED = (
    *("--policy", str(_POLICY / "rules"), "--policy", str(_POLICY / "compare" / "linear.yaml")),
    *("--policy", str(_POLICY / "compare" / "below_national_average.yaml")),
)


def _run(url: str, *options: str, is_shown: bool = False) -> float:
    """Seconds of one run; what it prints goes through where it is to be shown."""
    command = [str(Path(sys.executable).parent / "giaingan"), "backtest", *_YEAR, *options]
    started = time.perf_counter()
    subprocess.run(
        command,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        stdout=None if is_shown else subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def main() -> int:
    """Print the comparison and the figures; 1 where the live policy took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2_000)
    parser.add_argument("--picture", type=Path, help="draw the comparison into an .svg file")
    options = parser.parse_args()
    logs.configure("ERROR", "bench")
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder,
        servers.postgres(Path(folder) / "data") as server,
    ):
        url = servers.create_database(server, "bench")
        roles.migrate_all(url)
        made = simulated_year.fill(Books(url), options.projects)
        movements = sum(len(project.movements) for project in made)
        console.print(f"{len(made):,} projects, {movements:,} movements, 396 days")
        auditor = login_of(url, roles.AUDITOR)
        drawn = ["--picture", str(options.picture)] if options.picture else []
        three = _run(auditor, *_COMPARED, *drawn, is_shown=True)
        for severity in ("warning", "critical"):
            console.print(f"the live policy, flags of {severity} or more alone:")
            _run(auditor, "--severity", severity, is_shown=True)
        one = _run(auditor, "--format", "csv")
        alone = _run(auditor, "--format", "csv", "--processes", "1")
        console.print(
            f"the live policy: {one:.1f} s; on one processor: {alone:.1f} s; three policies: {three:.1f} s"
        )
    return 0 if one < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
