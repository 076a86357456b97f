"""The console command: what it offers, and plain words instead of a traceback."""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner
from flask import request
from rich.console import Console

from deploy.embedded.servers import free_port
from services import cli
from services.console import imports
from services.console.api_client import XLSX
from services.ingest.receipts import Receipt, Total
from services.runtime.errors import FieldError, Problem
from tests.unit.console.doors import service


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
        "token", "receipts", "export-plan", "quarantine", "conflict", "skip-lost", "lost-ranges",
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


def _ingest(answer: dict[str, Any], status: int) -> AbstractContextManager[str]:
    """A server that answers every import with ``answer``."""

    def imports() -> Any:
        if request.headers["Accept"] == XLSX:
            return b"PK marked", status, {"Content-Type": XLSX}
        return answer, status

    return service({"POST /v1/imports": imports, "GET /v1/imports/profiles": lambda: (answer, status)})


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
    assert "2022-07-31 07:00 +07:00" in output
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


# --- what the form takes, receipts, exports --------------------------------------------------------


def test_what_the_form_takes_is_sent_where_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a", encoding="utf-8")
    sent: list[dict[str, str]] = []

    def imports() -> Any:
        sent.append(dict(request.form))
        return {"new": 1}, 202

    with service({"POST /v1/imports": imports}) as url:
        base = ("import", str(file), "--profile", "plan", "--source", "s", "--url", url)
        given = ("--unit", "triệu đồng", "--budget-year", "2022", "--province", "96", "--as-of", "2022-05-31")
        assert _run(*base, *given, GIAINGAN_TOKEN="ggn_x")[0] == 0
        assert _run(*base, GIAINGAN_TOKEN="ggn_x")[0] == 0
    own = {"source": "s", "dry_run": "false"}
    form = {"unit": "triệu đồng", "budget_year": "2022", "province_code": "96", "as_of": "2022-05-31"}
    assert sent == [own | form, own]


def test_an_empty_workbook_of_a_profile_is_fetched(tmp_path: Path) -> None:
    file = tmp_path / "mẫu.XLSX"
    views = {"GET /v1/imports/profiles/plan/template.xlsx": lambda: (b"PK", 200, {"Content-Type": XLSX})}
    with service(views) as url:
        arguments = ("import", "--template", str(file), "--url", url)
        code, output = _run(*arguments, "--profile", "plan", GIAINGAN_TOKEN="ggn_x")
        assert (code, file.read_bytes()) == (0, b"PK"), output
        code, output = _run(*arguments, GIAINGAN_TOKEN="ggn_x")
        assert (code, "--template needs --profile" in output) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [("import", "--marked", "loi.xls"), ("import", "--template", "mau.csv"), ("export-plan", "plan")],
)
def test_a_workbook_whose_name_is_none_is_refused_before_anything_is_sent(arguments: tuple[str, ...]) -> None:
    code, output = _run(*arguments, GIAINGAN_TOKEN="ggn_x")
    assert code == 2
    assert "tên tệp phải kết thúc bằng .xlsx / its name must end in .xlsx" in output


@pytest.mark.parametrize("arguments", [("receipts", "--since"), ("import", "--as-of")])
def test_a_day_is_written_one_way(arguments: tuple[str, ...]) -> None:
    for day in ("31/05/2022", "2022-02-30", "2022-5-31 08:00"):
        code, output = _run(*arguments, day, GIAINGAN_TOKEN="ggn_x")
        assert (code, "write the day as 2022-05-31" in output) == (2, True)


def test_receipts_are_listed_since_a_day_in_vietnam_and_one_is_shown() -> None:
    receipt = {
        "receipt_id": str(uuid4()), "profile": "plan", "received_at": "2022-05-31T20:00:00Z",
        "accepted_by": "Sở", "new": 2, "duplicate": 1, "conflicting": 3,
        "file_name": "kế hoạch.xlsx", "file_sha256": "a" * 64,
    }  # fmt: skip
    asked: list[dict[str, str]] = []

    def page() -> Any:
        asked.append(request.args.to_dict())
        return {"receipts": [receipt], "next_cursor": "abc"}

    views = {"GET /v1/imports": page, f"GET /v1/imports/{receipt['receipt_id']}": lambda: receipt}
    with service(views) as url:
        more = ("--url", url)
        code, output = _run(
            "receipts", "--since", "2022-06-01", "--profile", "plan", *more, GIAINGAN_TOKEN="x"
        )
        assert code == 0, output
        for text in (receipt["receipt_id"], "2022-06-01 03:00 +07:00", "kế hoạch.xlsx", "--cursor abc", "Sở"):
            assert str(text) in output
        code, output = _run(
            "receipts", "show", str(receipt["receipt_id"]), *more, GIAINGAN_TOKEN="x", COLUMNS="80"
        )
        assert code == 0, output
        assert f"SHA-256\n  {'a' * 64}\n" in output
    assert asked == [{"since": "2022-06-01T00:00:00+07:00", "profile": "plan", "limit": "50"}]


def test_the_plan_is_exported_to_the_file_named(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    def export() -> Any:
        asked.append(request.args.to_dict())
        return b"PK", 200, {"Content-Type": XLSX}

    file = tmp_path / "ke_hoach.xlsx"
    with service({"GET /v1/exports/plan.xlsx": export}) as url:
        arguments = ("--province", "96", "--budget-year", "2022", "--source", "s", "--url", url)
        assert _run("export-plan", str(file), *arguments, GIAINGAN_TOKEN="x")[0] == 0
    assert file.read_bytes() == b"PK"
    assert asked == [{"province": "96", "budget_year": "2022", "source": "s"}]


# --- both languages --------------------------------------------------------------------------------


def _commands(group: click.Group, path: str = "giaingan") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def test_every_command_and_option_is_explained_in_vietnamese_then_english() -> None:
    texts = {path: command.help or "" for path, command in _commands(cli.main)}
    assert len(texts) > 25
    for path, command in _commands(cli.main):
        for option in command.params:
            if isinstance(option, click.Option) and option.help is not None:
                texts[f"{path} {option.opts[0]}"] = option.help
    assert [name for name, text in texts.items() if " / " not in text] == []


def test_a_usage_error_is_told_in_both_languages() -> None:
    for arguments, said in (
        (("blah",), "Lỗi / Error: lệnh chưa đúng / No such command"),
        (("import", "--nope"), "Lỗi / Error: không có tùy chọn này / No such option"),
        (("conflict", "show"), "Lỗi / Error: thiếu phần bắt buộc / Missing argument"),
        (("conflict", "show", "x"), "Lỗi / Error: giá trị không dùng được / Invalid value"),
    ):
        code, output = _run(*arguments)
        assert (code, said in output) == (2, True), output
