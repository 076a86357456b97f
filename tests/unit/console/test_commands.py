"""The console command: what it offers, and plain words instead of a traceback."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from flask import Flask, request
from rich.console import Console
from werkzeug.serving import make_server

from deploy.embedded.servers import free_port
from services import cli
from services.console import imports
from services.console.api_client import XLSX
from services.ingest.receipts import Receipt, Total
from services.runtime.errors import FieldError, Problem


def _run(*arguments: str, **environment: str | None) -> tuple[int, str]:
    unset = {"DATABASE_URL": None, "KAFKA_BOOTSTRAP_SERVERS": None}
    result = CliRunner().invoke(cli.main, list(arguments), env={**unset, **environment})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_help_lists_every_command() -> None:
    code, output = _run("--help")
    assert code == 0
    for command in (
        "ingest", "aggregation", "alert", "topics", "run", "reset", "load-sample", "import", "adopt-log",
        "token", "receipts", "export-plan", "quarantine", "conflict",
    ):  # fmt: skip
        assert f"\n  {command} " in output


def test_version() -> None:
    assert _run("--version")[0] == 0


@pytest.mark.parametrize("service", ["ingest", "aggregation", "alert", "topics"])
def test_missing_settings_are_named(service: str) -> None:
    code, output = _run(service)
    assert code == 1
    assert "DATABASE_URL" in output
    assert "KAFKA_BOOTSTRAP_SERVERS" in output


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    code, output = _run(
        "topics", DATABASE_URL="postgresql://nowhere/x", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1"
    )
    assert code == 1
    assert output.startswith("Lỗi / Error: broker Kafka / the broker: ")


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        others = [f"--{name}-port={free_port()}" for name in ("ingest", "aggregation")]
        code, output = _run("run", "--state-dir", str(tmp_path / "s"), "--alert-port", str(port), *others)
    assert code == 1
    assert f"port {port} of alert is not free" in output
    assert "--alert-port" in output


def test_reset_without_state_says_so(tmp_path: Path) -> None:
    code, output = _run("reset", "--state-dir", str(tmp_path / "none"))
    assert code == 0
    assert "nothing to delete" in output


@contextmanager
def _ingest(answer: dict[str, Any], status: int) -> Iterator[str]:
    """A server that answers every import with ``answer``."""
    app = Flask("ingest")

    def imports() -> Any:
        if request.headers["Accept"] == XLSX:
            return b"PK marked", status, {"Content-Type": XLSX}
        return answer, status

    app.add_url_rule("/v1/imports", "imports", imports, methods=["POST"])
    app.add_url_rule("/v1/imports/profiles", "profiles", lambda: (answer, status))
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def _import(tmp_path: Path, answer: dict[str, Any], status: int, *more: str) -> tuple[int, str]:
    file = tmp_path / "x.csv"
    file.write_text("a\n", encoding="utf-8")
    with _ingest(answer, status) as url:
        return _run(
            "import",
            str(file),
            "--profile",
            "plan",
            "--source",
            "s",
            "--url",
            url,
            *more,
            COLUMNS="200",
            GIAINGAN_TOKEN="ggn_x",
        )


def test_a_receipt_is_shown_with_its_totals_and_warnings(tmp_path: Path) -> None:
    receipt = Receipt(
        receipt_id=None,
        profile="plan",
        received_at=datetime(2022, 7, 31, tzinfo=UTC),
        new=2,
        duplicate=0,
        conflicting=0,
        event_ids=[uuid4(), uuid4()],
        totals=[Total(fund_source="local.lottery", currency="VND", minor_units=99_999_999_999_999_999)],
        dry_run=True,
        warnings=["dòng 9 / row 9: [bold]dòng ẩn[/bold]"],
    )
    code, output = _import(tmp_path, receipt.model_dump(mode="json"), 200)
    assert code == 0
    assert re.search(r"events\W+2\b", output)
    assert re.search(r"NSĐP xổ số kiến thiết \(local\.lottery\)\W+99\.999\.999\.999\.999\.999\W+VND", output)
    assert "dòng 9 / row 9: [bold]dòng ẩn[/bold]" in output
    assert "None" not in output


def test_faults_are_shown_as_they_are(tmp_path: Path) -> None:
    fault = FieldError(code="x", where="row 9", read="[red]", detail="lỗi", mend="sửa")
    problem = Problem(type="x", title="Refused", status=422, errors=[fault])
    code, output = _import(tmp_path, problem.model_dump(), 422)
    assert code == 1
    assert "row 9\n  «[red]» → lỗi → sửa [x]\n" in output


def test_a_file_for_nobody_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a\n", encoding="utf-8")
    code, output = _run(
        "import",
        str(file),
        "--profile",
        "plan",
        "--source",
        "s",
        "--wait",
        "0",
        "--url",
        "http://127.0.0.1:1",
        GIAINGAN_TOKEN="ggn_x",
    )
    assert code == 1
    assert "không trả lời / does not answer" in output
    assert "nothing listens there" in output
    assert "Errno" not in output


def test_a_refused_file_is_kept_with_its_faulty_cells_marked(tmp_path: Path) -> None:
    fault = FieldError(code="not-a-date", where="row 9", detail="lỗi", mend="sửa", row=9, column="B")
    problem = Problem(type="x", title="Refused", status=422, errors=[fault]).model_dump()
    marked = tmp_path / "lỗi.xlsx"
    code, output = _import(tmp_path, problem, 422, "--marked", str(marked))
    assert code == 1
    assert marked.read_bytes() == b"PK marked"
    assert "not-a-date" in output
    assert "đã đánh dấu ô lỗi" in output


def test_the_profiles_are_listed_in_both_languages(tmp_path: Path) -> None:
    column = {"header": {"vi": "Mã dự án", "en": "project code"}, "required": True}
    profile = {"name": "plan", "label": {"vi": "Kế hoạch", "en": "Plan"}, "columns": [column]}
    with _ingest({"profiles": [profile]}, 200) as url:
        code, output = _run("import", "--list-profiles", "--url", url, COLUMNS="200", GIAINGAN_TOKEN="ggn_x")
    assert code == 0
    assert re.search(r"plan: Kế hoạch / Plan\n.*Mã dự án", output)


def test_an_import_without_file_profile_or_source_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a", encoding="utf-8")
    for arguments in ([], [str(file)], [str(file), "--profile", "plan"], ["--source", "s"], ["no-such.csv"]):
        code, output = _run("import", *arguments, GIAINGAN_TOKEN="ggn_x")
        assert code == 2, arguments
        assert "Usage" in output


def test_the_bar_tells_what_is_sent_and_for_how_long_it_is_read() -> None:
    shown, quiet = io.StringIO(), io.StringIO()
    for stream, is_terminal in ((shown, True), (quiet, False)):
        console = Console(file=stream, force_terminal=is_terminal, width=100)
        with imports._progress(console) as on_sent:
            on_sent(1_000_000, 2_000_000)
            time.sleep(0.3)
            on_sent(2_000_000, 2_000_000)
            time.sleep(1.3 if is_terminal else 0)
    for said in ("gửi tệp / sending", "1.0/2.0 MB", "đang đọc / being read", "0:00:01"):
        assert said in shown.getvalue()
    assert quiet.getvalue() == ""
