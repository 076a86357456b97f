"""How long it takes to make the books of a million movements again from Apache Kafka, and whether they are
the live ones, with aggregation at work and events coming in: ``make bench-rebuild``.

One broker, records of a hundred movements (docs/adr/0002), aggregation as a process of its own, a sender
beside it. Then `giaingan rebuild --from kafka --swap` and `--from ledger`, as an operator types them. The
figures are of the machine they are run on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import SERVICES, service_environment
from deploy.kafka import jars
from deploy.kafka.cluster import running_cluster
from services.contracts import codec, topics
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, Publisher, Record
from tests.chaos import books
from tests.chaos.stream import FactStream, Sender
from tests.support import facts
from tests.support.aggregation import RECORDED_AT
from tests.support.brokers import JARS

_A_RECORD = 100
_AT_ONCE = 200
_PROJECTS = 500
_PARTITIONS = 4
_PATIENCE_SECONDS = 3_600.0
_MEGABYTE_KB = 1024


def main() -> None:
    """Measure and print; ends with 1 where the rebuilt books are not the live ones."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--movements", type=int, default=1_000_000, help="how many (default 1,000,000)")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder:
        path = Path(folder)
        with (
            servers.postgres(path / "postgres") as server_url,
            running_cluster(path / "kafka", jars=jars.ensure(JARS), brokers=1) as cluster,
        ):
            settings = Settings(
                DATABASE_URL=servers.create_database(server_url, "bench"),
                KAFKA_BOOTSTRAP_SERVERS=cluster.bootstrap_servers,
                business_date=date(2022, 7, 31),
                topic_partitions=_PARTITIONS,
                topic_replication=1,
            )
            _measure(console, settings, path, arguments.movements)


def _measure(console: Console, settings: Settings, folder: Path, movements: int) -> None:
    environment = _environment(settings)
    aggregation = ServiceProcess(
        "aggregation",
        port=int(environment["GIAINGAN_AGGREGATION_PORT"]),
        environment=environment,
        log_file=folder / "aggregation.log",
    )
    admin = Admin(settings, client_id="bench")
    admin.create_topics()
    admin.close()
    _publish(settings, movements)
    aggregation.start()
    try:
        seconds = _until_applied(settings)
        console.print(f"{movements:,} movements applied by aggregation: {seconds:.0f} s")
        stream = FactStream(random.Random(33))  # noqa: S311 - facts of a benchmark, no secret
        with Sender(settings, stream).running() as sender:
            outcome = _rebuild(environment, "--from", "kafka", "--swap")
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        console.print(
            f"from Kafka, with {len(sender.acknowledged):,} events sent meanwhile: "
            f"{outcome['seconds']:.0f} s, {outcome['ledger_rows']:,} rows of the ledger from "
            f"{outcome['records']:,} records; differences: {outcome['differences']}; writers waited "
            f"{outcome['compare_held_seconds']:.2f} s for the comparison and "
            f"{outcome['swap_held_seconds']:.2f} s for the swap; at most {peak / _MEGABYTE_KB:.0f} MB"
        )
        _until_applied(settings)
        again = _rebuild(environment, "--from", "ledger")
        console.print(
            f"from the ledger: {again['seconds']:.1f} s, {again['ledger_rows']:,} rows; differences: "
            f"{again['differences']}"
        )
        faults = books.faults(settings, sender.acknowledged)
        console.print(f"faults of the books after the swap: {faults or 'none'}")
        if outcome["differences"] or again["differences"] or faults:
            sys.exit(1)
    finally:
        aggregation.stop()


def _environment(settings: Settings) -> dict[str, str]:
    ports = {name: servers.free_port() for name in SERVICES}
    named = service_environment(
        database_url=settings.database_url.get_secret_value(),
        bootstrap_servers=settings.kafka_bootstrap_servers,
        ports=ports,
        is_broker_embedded=False,
    )
    return {**os.environ, **named, "GIAINGAN_BUSINESS_DATE": "2022-07-31", "GIAINGAN_TOPIC_REPLICATION": "1"}


def _publish(settings: Settings, movements: int) -> None:
    publisher = Publisher(settings, client_id="bench")
    try:
        for number in range(_PROJECTS):
            _send(publisher, topics.PLAN, [[facts.plan(10**12, _project(number))]])
        groups = list(range(0, movements, _A_RECORD * _AT_ONCE))
        for first in track(groups, description="publishing"):
            last = min(movements, first + _A_RECORD * _AT_ONCE)
            _send(publisher, topics.DISBURSEMENT, list(_records(first, last)))
    finally:
        publisher.close()


def _records(first: int, last: int) -> Iterator[list[codec.DisbursementFact]]:
    for start in range(first, last, _A_RECORD):
        project = _project(start // _A_RECORD % _PROJECTS)
        yield [
            facts.movement(
                f"B{number}",
                1 + number % 999,
                f"2022-{1 + number % 6:02}-{1 + number % 28:02}",
                project_code=project,
            )
            for number in range(start, min(last, start + _A_RECORD))
        ]


def _send(publisher: Publisher, topic: str, records: list[list[Any]]) -> None:
    publisher.publish(
        topic,
        [
            Record(codec.routing_key(record[0]), codec.encode_batch(record, recorded_at=RECORDED_AT))
            for record in records
        ],
    )


def _project(number: int) -> str:
    return f"B{number:03}"


def _until_applied(settings: Settings) -> float:
    started = time.monotonic()
    while not books.is_at_the_end(settings):
        if time.monotonic() - started > _PATIENCE_SECONDS:
            raise TimeoutError("aggregation did not apply what was published")
        time.sleep(0.5)
    return time.monotonic() - started


def _rebuild(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    """What the command prints. Raises ``CalledProcessError`` where it could not be done."""
    command = [sys.executable, "-P", "-m", "services.cli", "rebuild", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


if __name__ == "__main__":
    main()
