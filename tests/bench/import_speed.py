"""What a long file costs beside the bare limit: ``make bench-import``.

The service: from the POST of the file until its 202, read, judged, published, journalled. The bare limit:
read the same file with the reader library, encode the same facts as Protobuf in records of the same size,
produce them to the same broker with acks=all; nothing is judged and no database is asked. Both in turn, in
one run, on an otherwise idle stack. Memory is what the service and its reading child occupy together (RSS),
at most. The figures are of the machine they are run on; the ratio travels.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from python_calamine import CalamineWorkbook
from rich.console import Console
from rich.table import Table

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from services.contracts import codec
from services.domain.disbursement import Movement
from services.ingest.log.record_packing import MAX_EVENTS
from services.runtime.kafka_client import partition_of
from tests.bench import voucher_files
from tests.support.access import make_token
from tests.support.ingest_process import register_projects, running_ingest, send_file

PARTITIONS = 12
_ANSWER_SECONDS = 300
_SAMPLED_EVERY_SECONDS = 0.02


@dataclass(slots=True)
class Measured:
    """One file by both ways, a figure a round."""

    name: str
    service_seconds: list[float] = field(default_factory=list)
    bare_seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Round by round, so that what else the machine does weighs on both; the median."""
        pairs = zip(self.service_seconds, self.bare_seconds, strict=True)
        return statistics.median(service / bare for service, bare in pairs)


# --- the service ---------------------------------------------------------------------------------


@contextmanager
def peak_memory(pid: int) -> Iterator[Callable[[], int]]:
    """Samples what a process and its children occupy; the function gives the most so far, in bytes."""
    process = psutil.Process(pid)
    stop = threading.Event()
    most = 0

    def sample() -> None:
        nonlocal most
        while not stop.wait(_SAMPLED_EVERY_SECONDS):
            occupied = 0
            for each in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    occupied += each.memory_info().rss
            most = max(most, occupied)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lambda: most
    finally:
        stop.set()
        thread.join()


def import_file(service: ServiceProcess, token: str, file: Path, *, source: str, rows: int) -> float:
    """Seconds from the POST to the 202. Raises ``RuntimeError`` where not every row was taken in as new."""
    started = time.monotonic()
    status, answer = send_file(service, token, file, profile="treasury-vouchers", source=source)
    seconds = time.monotonic() - started
    if status != HTTPStatus.ACCEPTED or answer["new"] != rows:
        raise RuntimeError(f"{status} {json.dumps(answer, ensure_ascii=False)[:1000]}")
    return seconds


# --- the bare limit ------------------------------------------------------------------------------


def bare(file: Path, producer: KafkaProducer, topic: str, *, source: str) -> float:
    """Seconds to read the file, encode it and have it acknowledged."""
    started = time.monotonic()
    recorded_at = datetime.now(UTC)
    partition_by_key: dict[str, int] = {}
    filling: dict[int, list[Movement]] = {number: [] for number in range(PARTITIONS)}
    sent = []

    def send(facts: list[Movement]) -> None:
        value = codec.encode_batch(facts, recorded_at=recorded_at)
        sent.append(producer.send(topic, key=facts[0].project_code.encode(), value=value))

    with _rows(file) as rows:
        for fact in voucher_files.facts(rows, source=source):
            key = fact.project_code
            partition = partition_by_key.get(key)
            if partition is None:
                partition = partition_by_key[key] = partition_of(key, PARTITIONS)
            held = filling[partition]
            held.append(fact)
            if len(held) == MAX_EVENTS:
                send(held)
                held.clear()
    for held in filling.values():
        if held:
            send(held)
    for future in sent:
        future.get(_ANSWER_SECONDS)
    return time.monotonic() - started


@contextmanager
def _rows(file: Path) -> Iterator[Iterable[Sequence[Any]]]:
    if file.suffix == ".xlsx":
        rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).iter_rows()
        next(rows)
        yield rows
        return
    with file.open(encoding="utf-8-sig", newline="") as stream:
        records = csv.reader(stream, delimiter=";")
        next(records)
        yield records


# --- both ----------------------------------------------------------------------------------------


def measure(url: str, broker: servers.Broker, folder: Path, *, rows: int, rounds: int) -> list[Measured]:
    """Each file by both ways, in turn."""
    files = {"CSV": folder / "vouchers.csv", "XLSX": folder / "vouchers.xlsx"}
    voucher_files.write_csv(files["CSV"], rows)
    voucher_files.write_xlsx(files["XLSX"], rows)
    topic = "bare"
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        admin.create_topics([NewTopic(name=topic, num_partitions=PARTITIONS, replication_factor=1)])
    producer = KafkaProducer(
        bootstrap_servers=broker.bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_request_size=2_000_000,
    )
    measured = [Measured(name) for name in files]
    token = make_token(url)
    # Ingest alone: the other services would take from the machine while one of the two is measured.
    with closing(producer), running_ingest(url, broker, folder) as service:
        register_projects(service, token, voucher_files.PROJECTS)
        for number in range(rounds):
            for each in measured:
                file, source = files[each.name], f"bench.{each.name.lower()}.{number}"
                each.bare_seconds.append(bare(file, producer, topic, source=source))
                pid = service.pid
                if pid is None:
                    raise RuntimeError("ingest has ended")
                with peak_memory(pid) as peak:
                    each.service_seconds.append(import_file(service, token, file, source=source, rows=rows))
                    each.peak_bytes.append(peak())
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a file (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="giaingan-bench-") as name:
        folder = Path(name)
        with servers.postgres(folder / "postgres") as server_url:
            broker = servers.Broker()
            broker.start()
            try:
                measured = measure(
                    servers.create_database(server_url, "bench"),
                    broker,
                    folder,
                    rows=arguments.rows,
                    rounds=arguments.rounds,
                )
            finally:
                broker.stop()
    table = Table(
        "file",
        "rows",
        "service, s",
        "bare limit, s",
        "ratio",
        "peak MB",
        title=f"Median of {arguments.rounds} rounds; {len(voucher_files.HEADERS)} columns",
    )
    for each in measured:
        table.add_row(
            each.name,
            f"{arguments.rows:,}",
            f"{statistics.median(each.service_seconds):.1f}",
            f"{statistics.median(each.bare_seconds):.1f}",
            f"{each.ratio:.1f}",
            f"{max(each.peak_bytes) / 1e6:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
