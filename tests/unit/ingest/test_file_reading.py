"""A file is read by a child process that is bounded, killed in time, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.contracts import codec
from services.ingest.judging.register import RegisteredProject
from services.ingest.log.record_packing import Entry
from services.ingest.sheets import file_reading
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.file_reading import read_in_child
from services.ingest.sheets.reading_job import ReadingJob
from services.ingest.stated_totals import Total
from services.runtime.errors import ProblemError
from tests.unit.ingest.reading import POLICY, fill_statement, statement, workbook

NOW = datetime(2022, 7, 31, 9, tzinfo=UTC)


def job(file_name: str = "bao-cao.csv", **changes: Any) -> ReadingJob:
    values = {
        "file_name": file_name,
        "profile": "cumulative-statement",
        "source": "kbnn.test",
        "policy_dir": POLICY,
        "max_rows": 1_000,
        "business_date": date(2022, 7, 31),
        "recorded_at": NOW,
        "projects": [
            RegisteredProject(f"P{number}", f"Dự án {number}", "96", "O1") for number in range(1, 1_000)
        ],
    }
    return ReadingJob.model_validate(values | changes)


def refusal(content: bytes, asked: ReadingJob, **limits: Any) -> tuple[int, str]:
    with (
        pytest.raises(ProblemError) as caught,
        read_in_child(io.BytesIO(content), asked, ReadingLimits(**limits)),
    ):
        pass
    assert "/" in caught.value.problem.detail, "no remedy in both languages"
    return caught.value.problem.status, caught.value.problem.type.rpartition(":")[2]


def test_the_child_reads_judges_and_encodes() -> None:
    content = statement("1", "2,5").encode()
    with read_in_child(io.BytesIO(content), job(), ReadingLimits()) as read:
        first, second = read.entries
        assert [entry.event_id for entry in read.entries] == [first.event_id, second.event_id]
        (event,) = codec.decode_disbursements(second.payload)
        assert isinstance(event, codec.Event)
        assert (event.fact.event_id, event.recorded_at) == (second.event_id, NOW)
        assert (second.routing_key, second.content_hash) == ("P2", event.fact.content_hash)
        assert (len(read.entries), read.rows_read, read.faults) == (2, 2, ())
        assert read.sha256 == hashlib.sha256(content).hexdigest()
        assert read.totals == (Total(fund_source="central", currency="VND", minor_units=3_500_000),)


def test_events_are_followed_while_they_are_written() -> None:
    seen: list[Entry] = []

    def follow(entries: Iterable[Entry]) -> None:
        for entry in entries:
            seen.append(entry)
            was_reading.append(bool(psutil.Process().children()))

    was_reading: list[bool] = []
    content = io.BytesIO(statement(*["1"] * 999).encode())
    with read_in_child(content, job(), ReadingLimits(), meanwhile=follow) as read:
        assert seen == list(read.entries)
        assert len(seen) == 999
    assert was_reading[0]


def test_what_the_follower_raises_is_raised_unless_the_file_is_refused() -> None:
    def fail(entries: Iterable[Entry]) -> None:
        raise ConnectionError(str(sum(1 for _ in entries)))

    with (
        pytest.raises(ConnectionError, match="2"),
        read_in_child(io.BytesIO(statement("1", "2").encode()), job(), ReadingLimits(), meanwhile=fail),
    ):
        pass
    with (
        pytest.raises(ProblemError),
        read_in_child(io.BytesIO(b"%PDF-1.4"), job("a.pdf"), ReadingLimits(), meanwhile=fail),
    ):
        pass


def test_a_workbook_on_disk_is_not_copied() -> None:
    with tempfile.TemporaryFile() as upload:
        upload.write(workbook(lambda sheet: fill_statement(sheet, 1)))
        with read_in_child(upload, job("bao-cao.xlsx"), ReadingLimits()) as read:
            assert (read.rows_read, read.faults) == (1, ())


def test_faults_of_reading_and_of_judging_are_told_and_no_event_goes_on() -> None:
    text = statement("x", "1").replace("31/07/2022;1", "31/07/2025;1")
    with read_in_child(io.BytesIO(text.encode()), job(), ReadingLimits()) as read:
        assert {fault.code for fault in read.faults} == {
            "not-a-number",
            "outside-budget-year",
            "after-business-date",
        }
        assert (list(read.entries), len(read.entries)) == ([], 0)


def test_what_the_child_refuses_is_refused_here() -> None:
    assert refusal(b"%PDF-1.4", job("a.pdf")) == (415, "unsupported-file")


def test_a_child_that_takes_too_long_is_killed() -> None:
    assert refusal(statement(*["1"] * 900).encode(), job(), seconds=0.05) == (413, "takes-too-long")


def test_a_child_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("import time; time.sleep(40)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(file_reading, "_CHILD", "sleeper")
    started = time.monotonic()
    assert refusal(b"x", job(), seconds=0.3) == (413, "takes-too-long")
    assert time.monotonic() - started < 20


def test_a_child_that_needs_too_much_memory_is_stopped() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        for number in range(3_000):
            sheet.append([f"{number}" + "x" * 30_000])

    asked = job("a.xlsx", max_rows=100_000)
    assert refusal(workbook(fill), asked, memory_bytes=150 << 20) == (413, "needs-too-much-memory")


@pytest.mark.parametrize("crash", ["import os; os.abort()", "raise ValueError", "print('no answer')"])
def test_a_child_that_crashes_is_a_refusal(
    crash: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "crashing_child.py").write_text(crash)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(file_reading, "_CHILD", "crashing_child")
    assert refusal(b"x", job()) == (422, "reader-failed")


def test_the_child_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "spy.py").write_text(f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:hush@db")
    monkeypatch.setattr(file_reading, "_CHILD", "spy")
    refusal(b"x", job())
    assert "PYTHONPATH" in seen.read_text()
    assert "hush" not in seen.read_text()


def _leftovers() -> tuple[set[Path], int, set[psutil.Process]]:
    """Files, open descriptors and children, those that ended and were not waited for among them."""
    files = set(Path(tempfile.gettempdir()).iterdir())
    return files, len(list(Path("/proc/self/fd").iterdir())), set(psutil.Process().children())


@pytest.mark.parametrize("limits", [{}, {"seconds": 0.05}])
def test_nothing_is_left_behind(
    limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = _leftovers()
    try:
        with read_in_child(io.BytesIO(statement("1").encode()), job(), ReadingLimits(**limits)):
            assert list(tmp_path.iterdir()) == []
    except ProblemError:
        pass
    assert _leftovers() == before
