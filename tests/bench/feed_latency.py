"""How long from an acknowledged movement to the feed entry of the alert it raises: ``make bench-feed``.

Starts the whole stack on free ports and sends movements in requests of 25, at a steady rate, over 2,000
projects of one province. One movement of each request takes a project of its own beyond its plan; the entry
of that alert is awaited on the stream of changes. The figures are of the machine they are run on.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.embedded import servers
from tests.bench.visible_latency import percentile
from tests.support.access import bearer
from tests.support.stack import RunningStack, running_stack

SENDERS = 4
A_REQUEST = 25
OTHERS = 2_000
PLANS_AT_ONCE = 1_000
PATIENCE_SECONDS = 60.0
MOST_SECONDS = 2.0
PLAN = 1_000_000


@dataclass(slots=True)
class Tips:
    """Projects that were taken beyond their plan: when that was acknowledged, and when a feed told it."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return len(self.acknowledged.keys() - self.told.keys())

    @property
    def latencies(self) -> list[float]:
        """Seconds, ascending. An entry may come before the answer to the request: that took no time."""
        both = self.acknowledged.keys() & self.told.keys()
        return sorted(max(0.0, self.told[code] - self.acknowledged[code]) for code in both)


def follow(stack: RunningStack, tips: Tips, stop: threading.Event) -> None:
    """Read the stream as a browser does, again and again from the last number."""
    last = "0"
    while not stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", stack.services["alert"].port, timeout=60)
        connection.request(
            "GET",
            "/feeds/alerts.stream?rule=over_plan",
            headers={**bearer(stack.token), "Last-Event-ID": last},
        )
        answer = connection.getresponse()
        while not stop.is_set() and (line := answer.readline()):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                last = value
            elif name == "data":
                tips.told.setdefault(json.loads(value)["subject"]["code"], time.monotonic())
        connection.close()


def send(stack: RunningStack, tips: Tips, *, sender: int, requests: int, every: float) -> None:
    """Requests at their times, each with one movement that takes a project beyond its plan."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.services["ingest"].port)
    started = time.monotonic()
    for number in range(requests):
        time.sleep(max(0.0, started + number * every - time.monotonic()))
        tip = f"TIP-{sender}-{number}"
        first = (number * SENDERS + sender) * A_REQUEST
        movements = [
            _movement(f"OTHER-{(first + n) % OTHERS}", f"{first + n}", 1) for n in range(A_REQUEST - 1)
        ]
        movements.append(_movement(tip, tip, PLAN + 1))
        connection.request(
            "POST",
            "/v1/disbursements",
            json.dumps({"movements": movements}),
            {"Content-Type": "application/json", **bearer(stack.token)},
        )
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.ACCEPTED:
            raise RuntimeError(f"{answer.status} {content.decode()}")
        tips.acknowledged[tip] = time.monotonic()


def measure(stack: RunningStack, *, rate: float, seconds: float) -> Tips:
    """Send at the rate and wait until every entry was told. Raises ``TimeoutError`` where one never is."""
    every = SENDERS * A_REQUEST / rate
    requests = int(seconds / every)
    codes = [f"OTHER-{n}" for n in range(OTHERS)]
    codes += [f"TIP-{sender}-{number}" for sender in range(SENDERS) for number in range(requests)]
    for first in range(0, len(codes), PLANS_AT_ONCE):
        stack.post(
            "ingest",
            "/v1/plans",
            {"revisions": [_plan(code) for code in codes[first : first + PLANS_AT_ONCE]]},
        )
    stack.settle()
    tips, stop = Tips(), threading.Event()
    reader = threading.Thread(target=follow, args=(stack, tips, stop), daemon=True)
    reader.start()
    senders = [
        threading.Thread(
            target=send, args=(stack, tips), kwargs={"sender": n, "requests": requests, "every": every}
        )
        for n in range(SENDERS)
    ]
    for thread in senders:
        thread.start()
    for _ in track(range(int(seconds)), description="measuring"):
        time.sleep(1)
    for thread in senders:
        thread.join()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while tips.waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{tips.waiting} projects beyond their plan were never told")
        time.sleep(0.05)
    stop.set()
    return tips


def _plan(project: str) -> dict[str, object]:
    return {
        "source": "bench",
        "project_code": project,
        "project_name": project,
        "owner_code": f"BENCH{sum(project.encode()) % 40}",
        "owner_name": "Bench",
        "fund_source": "central.sector",
        "province_code": "99",
        "budget_year": 2022,
        "base": "initial",
        "amount": PLAN,
        "decision_number": "bench",
        "decision_date": "2021-12-31",
        "effective_date": "2022-01-01",
    }


def _movement(project: str, reference: str, amount: int) -> dict[str, object]:
    return {
        "source": "bench",
        "source_ref": reference,
        "project_code": project,
        "fund_source": "central.sector",
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": str(amount),
        "value_date": "2022-05-31",
    }


def main() -> int:
    """Measure and print; 1 where the 99th percentile is too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=500, help="movements a second (default 500)")
    parser.add_argument("--seconds", type=float, default=30, help="how long to send (default 30)")
    arguments = parser.parse_args()
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder,
        servers.postgres(Path(folder) / "postgres") as server_url,
    ):
        broker = servers.Broker()
        broker.start()
        try:
            url = servers.create_database(server_url, "bench")
            with running_stack(url, broker, Path(folder)) as stack:
                tips = measure(stack, rate=arguments.rate, seconds=arguments.seconds)
        finally:
            broker.stop()
    latencies = tips.latencies
    title = (
        f"{arguments.rate:g} movements a second over {OTHERS:,} projects, from acknowledgement to feed entry"
    )
    table = Table("alerts", "p50 ms", "p99 ms", "max ms", title=title)
    figures = [percentile(latencies, 0.5), percentile(latencies, 0.99), latencies[-1]]
    table.add_row(str(len(latencies)), *(f"{1000 * figure:.0f}" for figure in figures))
    console.print(table)
    return 0 if figures[1] < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
