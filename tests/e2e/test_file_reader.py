"""The process that reads a file, seen from outside: it is there, it is killed, and the service goes on."""

from __future__ import annotations

import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
import xlsxwriter

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.servers import Broker
from tests.bench import voucher_files
from tests.support.access import make_token
from tests.support.ingest_process import register_projects, running_ingest, send_file

READER = "services.ingest.sheets.child"


class Sending(threading.Thread):
    """A file on its way; ``answer`` is there when the thread has ended."""

    def __init__(self, service: ServiceProcess, token: str, file: Path) -> None:
        super().__init__()
        self.answer: tuple[int, Any] = (0, None)
        self._arguments = (service, token, file)

    def run(self) -> None:
        self.answer = send_file(*self._arguments, profile="treasury-vouchers", source="kbnn.test")


def readers(service: ServiceProcess) -> list[psutil.Process]:
    """The reading processes of the service that are there now."""
    assert service.pid is not None
    return [each for each in psutil.Process(service.pid).children() if READER in _words(each)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def reader_of(service: ServiceProcess) -> psutil.Process:
    deadline = time.monotonic() + 30
    while not (found := readers(service)):
        assert time.monotonic() < deadline, "no process reads the file"
        time.sleep(0.005)
    return found[0]


def is_well(service: ServiceProcess) -> bool:
    with urllib.request.urlopen(f"{service.url}/readyz", timeout=10) as answer:
        return bool(answer.status == 200)


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1].get("type", "").rpartition(":")[2]


@pytest.mark.parametrize("write", [voucher_files.write_csv, voucher_files.write_xlsx])
def test_a_file_is_read_beside_the_service_which_answers_meanwhile(
    write: Any, database_url: str, broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / f"vouchers.{write.__name__.removeprefix('write_')}"
    write(file, 2_000)
    token = make_token(database_url)
    with running_ingest(database_url, broker, tmp_path) as service:
        register_projects(service, token, voucher_files.PROJECTS)
        sending = Sending(service, token, file)
        sending.start()
        reader = reader_of(service)
        assert not any("DATABASE" in name or "KAFKA" in name for name in reader.environ())
        assert is_well(service)
        sending.join()
        status, receipt = sending.answer
        assert (status, receipt["new"], receipt["rows_read"]) == (202, 2_000, 2_000)
        assert readers(service) == []


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "vouchers.csv"
    voucher_files.write_csv(file, 100_000)
    token = make_token(database_url)
    with running_ingest(database_url, broker, tmp_path, GIAINGAN_IMPORT_SECONDS="1.5") as service:
        register_projects(service, token, voucher_files.PROJECTS)
        sending = Sending(service, token, file)
        sending.start()
        reader = reader_of(service)
        assert is_well(service)
        sending.join()
        assert code(sending.answer) == (413, "takes-too-long")
        assert not reader.is_running()
        assert (readers(service), is_well(service)) == ([], True)


def test_a_file_that_needs_too_much_memory_or_kills_its_reader_is_refused(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    book = xlsxwriter.Workbook(tmp_path / "large.xlsx")
    sheet = book.add_worksheet()
    for number in range(3_000):
        sheet.write_string(number, 0, f"{number}" + "x" * 30_000)
    book.close()
    token = make_token(database_url)
    with running_ingest(database_url, broker, tmp_path, GIAINGAN_IMPORT_MEMORY_MB="150") as service:
        answer = send_file(
            service, token, tmp_path / "large.xlsx", profile="treasury-vouchers", source="kbnn.test"
        )
        assert code(answer) == (413, "needs-too-much-memory")

        voucher_files.write_csv(tmp_path / "vouchers.csv", 50_000)
        sending = Sending(service, token, tmp_path / "vouchers.csv")
        sending.start()
        reader_of(service).terminate()
        sending.join()
        assert code(sending.answer) == (422, "reader-failed")
        assert (readers(service), is_well(service)) == ([], True)
