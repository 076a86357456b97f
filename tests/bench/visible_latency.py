"""How long until an acknowledged movement is in the visible total, at a steady rate: ``make bench``.

Starts the whole stack on free ports, sends movements one a request, and asks the read API for the
totals all the while. A movement is visible when an answer of the API that holds it has arrived. Then
the bare limit on the same servers: produce, consume, INSERT, SELECT, with nothing of ours between.
The figures are of the machine they are run on; the ratio travels.
"""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.embedded import servers
from tests.support.access import bearer
from tests.support.stack import RunningStack, running_stack

SENDERS = 4
OWNER = "BENCH"
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Line:
    """One sender's project: when its n-th movement was acknowledged, and when its total showed it."""

    name: str
    acknowledged: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)

    def saw(self, total: int) -> None:
        """Each movement is of 1 đồng, so a total of n shows the first n."""
        now = time.monotonic()
        self.visible += [now] * (total - len(self.visible))

    @property
    def latencies(self) -> list[float]:
        return sorted(
            max(0.0, seen - sent) for sent, seen in zip(self.acknowledged, self.visible, strict=False)
        )


def send_steadily(line: Line, *, rate: float, count: int, send: Callable[[str, int], None]) -> None:
    """``count`` movements at ``rate`` a second, each sent when its time has come."""
    started = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
        send(line.name, number)
        line.acknowledged.append(time.monotonic())


def watch(
    lines: list[Line], *, count: int, read: Callable[[], dict[str, int]], done: threading.Event
) -> None:
    """Ask for the totals until every movement shows, or patience ends after the last was sent."""
    deadline = None
    while any(len(line.visible) < count for line in lines):
        totals = read()
        for line in lines:
            line.saw(totals.get(line.name, 0))
        if done.is_set():
            deadline = deadline or time.monotonic() + PATIENCE_SECONDS
            if time.monotonic() > deadline:
                raise TimeoutError("some acknowledged movements never became visible")
        time.sleep(0.002)


def measure(
    *,
    rate: float,
    seconds: float,
    sender: Callable[[], Callable[[str, int], None]],
    read: Callable[[], dict[str, int]],
) -> list[float]:
    """Latencies in seconds, sorted."""
    lines = [Line(f"BENCH-{n}") for n in range(SENDERS)]
    count = int(rate * seconds / SENDERS)
    done = threading.Event()
    watcher = threading.Thread(
        target=watch, args=(lines,), kwargs={"count": count, "read": read, "done": done}
    )
    watcher.start()
    threads = [
        threading.Thread(
            target=send_steadily,
            args=(line,),
            kwargs={"rate": rate / SENDERS, "count": count, "send": sender()},
        )
        for line in lines
    ]
    for thread in threads:
        thread.start()
    for _ in track(range(int(seconds)), description="measuring"):
        time.sleep(1)
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    return sorted(latency for line in lines for latency in line.latencies)


def through_the_services(stack: RunningStack, *, rate: float, seconds: float) -> list[float]:
    """HTTP in, HTTP out."""
    stack.post("ingest", "/v1/plans", {"revisions": [_plan(f"BENCH-{n}") for n in range(SENDERS)]})
    stack.settle()

    def sender() -> Callable[[str, int], None]:
        connection = http.client.HTTPConnection("127.0.0.1", stack.services["ingest"].port)

        def send(project: str, number: int) -> None:
            body = json.dumps({"movements": [_movement(project, number)]})
            connection.request(
                "POST",
                "/v1/disbursements",
                body,
                {"Content-Type": "application/json", **bearer(stack.token)},
            )
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 202:
                raise RuntimeError(f"{answer.status} {content.decode()}")

        return send

    reader = http.client.HTTPConnection("127.0.0.1", stack.services["aggregation"].port)

    def read() -> dict[str, int]:
        reader.request("GET", f"/v1/projects?owner={OWNER}&as_of=2022-05-31", headers=bearer(stack.token))
        items = json.loads(reader.getresponse().read())["items"]
        return {item["project_code"]: item["figures"]["disbursed"] for item in items}

    return measure(rate=rate, seconds=seconds, sender=sender, read=read)


def bare(stack: RunningStack, *, rate: float, seconds: float) -> list[float]:
    """The same servers and rate, with nothing between: produce, consume, INSERT, SELECT."""
    topic, servers_ = "bare", stack.broker.bootstrap_servers
    with closing(KafkaAdminClient(bootstrap_servers=servers_)) as admin:
        admin.create_topics([NewTopic(name=topic, num_partitions=1, replication_factor=1)])
    with closing(psycopg2.connect(stack.database_url)) as database, database, database.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (name text, amount bigint)")
    producer = KafkaProducer(bootstrap_servers=servers_, acks="all", linger_ms=2)
    stop = threading.Event()

    def consume() -> None:
        with closing(psycopg2.connect(stack.database_url)) as database:
            consumer = KafkaConsumer(bootstrap_servers=servers_, fetch_max_wait_ms=100)
            consumer.assign([TopicPartition(topic, 0)])
            consumer.seek_to_beginning()
            while not stop.is_set():
                for records in consumer.poll(timeout_ms=100).values():
                    with database, database.cursor() as cursor:
                        for record in records:
                            cursor.execute("INSERT INTO bare VALUES (%s, 1)", (record.value.decode(),))
            consumer.close()

    consumer = threading.Thread(target=consume)
    consumer.start()

    def sender() -> Callable[[str, int], None]:
        return lambda project, _: producer.send(topic, project.encode()).get(10)

    with closing(psycopg2.connect(stack.database_url)) as database:

        def read() -> dict[str, int]:
            with database, database.cursor() as cursor:
                cursor.execute("SELECT name, sum(amount)::bigint FROM bare GROUP BY name")
                return dict(cursor.fetchall())

        latencies = measure(rate=rate, seconds=seconds, sender=sender, read=read)
    stop.set()
    consumer.join()
    producer.close()
    return latencies


def _plan(project: str) -> dict[str, object]:
    return {
        "source": "bench",
        "project_code": project,
        "project_name": project,
        "owner_code": OWNER,
        "owner_name": OWNER,
        "fund_source": "central.sector",
        "province_code": "99",
        "budget_year": 2022,
        "base": "initial",
        "amount": 1_000_000_000,
        "decision_number": "bench",
        "decision_date": "2021-12-31",
        "effective_date": "2022-01-01",
    }


def _movement(project: str, number: int) -> dict[str, object]:
    return {
        "source": "bench",
        "source_ref": f"{project}/{number}",
        "project_code": project,
        "fund_source": "central.sector",
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": "1",
        "value_date": "2022-05-31",
    }


def percentile(latencies: list[float], share: float) -> float:
    """Of ascending latencies the one that so large a share of them does not exceed."""
    return latencies[min(len(latencies) - 1, int(share * len(latencies)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=100, help="movements a second (default 100)")
    parser.add_argument("--seconds", type=float, default=30, help="how long to send (default 30)")
    arguments = parser.parse_args()

    console = Console()
    with tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder:
        path = Path(folder)
        with servers.postgres(path / "postgres") as server_url:
            broker = servers.Broker()
            broker.start()
            try:
                url = servers.create_database(server_url, "bench")
                with running_stack(url, broker, path) as stack:
                    measured = {
                        "services": through_the_services(
                            stack, rate=arguments.rate, seconds=arguments.seconds
                        ),
                        "bare limit": bare(stack, rate=arguments.rate, seconds=arguments.seconds),
                    }
            finally:
                broker.stop()
    table = Table(
        "path", "movements", "p50 ms", "p99 ms", "max ms", title=f"{arguments.rate:g} movements a second"
    )
    for name, latencies in measured.items():
        figures = [percentile(latencies, 0.5), percentile(latencies, 0.99), latencies[-1]]
        table.add_row(name, str(len(latencies)), *(f"{1000 * f:.0f}" for f in figures))
    console.print(table)
    ratio = percentile(measured["services"], 0.99) / percentile(measured["bare limit"], 0.99)
    console.print(f"p99 of the services is {ratio:.1f} times that of the bare limit")


if __name__ == "__main__":
    main()
