"""Bad input in files, by the number of its kind: a clear answer at its cell, and nothing half-posted."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.integration.bad_input import nothing_posted, refused
from tests.integration.ingest_stack import Answer, Ingest, ingest_of_a_module, make_known
from tests.support import stated
from tests.support.brokers import RunningBroker
from tests.unit.ingest.reading import fill_statement, saved, statement, workbook

VOUCHER_HEADER = "Số chứng từ;Mã dự án;Nguồn vốn;Năm ngân sách;Loại giao dịch;Số tiền (đồng);Ngày chứng từ\n"
XLSX = "bao-cao.xlsx"
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        make_known(running, *(f"P{number}" for number in range(1, 10)))
        yield running


def send(
    ingest: Ingest, content: bytes, name: str = XLSX, profile: str = "cumulative-statement", **fields: str
) -> Answer:
    # Another source each time: what a test sends is new.
    form = {"source": f"kbnn.{uuid4()}", **fields, "file": (io.BytesIO(content), name)}
    return ingest.post_form(f"/v1/imports?profile={profile}", form)


def send_refused(ingest: Ingest, content: bytes, name: str = XLSX, **options: Any) -> Answer:
    with nothing_posted(ingest):
        return send(ingest, content, name, **options)


def fault(answer: Answer, code: str, *, cell: str, read: str | None = None) -> dict[str, Any]:
    """The only fault of a refused file, at ``cell`` of its sheet (E3), as words and as data."""
    (error,) = refused(answer, 422, "invalid")["errors"]
    column, row = cell.rstrip("0123456789"), int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assert (error["code"], error["row"], error["column"]) == (code, row, column or None), error
    assert f"dòng {row}" in error["where"]
    assert f"row {row}" in error["where"]
    if read is not None:
        assert error["read"] == read
    assert " / " in error["mend"], error
    assert " / " in error["detail"], error
    return dict(error)


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its members changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            new.writestr(member, change(old.read(member)) if member == name else old.read(member))
    return stream.getvalue()


SOUND = workbook(lambda sheet: fill_statement(sheet, 1))


def test_06_in_a_file_the_declared_locale_decides_and_what_is_left_open_is_shown_in_both(
    ingest: Ingest,
) -> None:
    answer = send(ingest, statement("1.234.567").encode(), "bao-cao.csv")
    assert answer.json["totals"][0]["minor_units"] == 1_234_567_000_000
    answer = send_refused(ingest, statement("1,234,567").encode(), "bao-cao.csv")
    error = fault(answer, "ambiguous-number", cell="E3", read="1,234,567")
    assert "1234567" in error["detail"].replace(".", "").replace(",", "")


@pytest.mark.parametrize(
    ("day", "code"), [("31/02/2022", "no-such-day"), ("sau Tết", "not-a-date"), ("31/02/22", "not-a-date")]
)
def test_15_a_day_that_is_not_in_the_calendar_is_422_at_its_cell(ingest: Ingest, day: str, code: str) -> None:
    content = statement("5").replace("31/07/2022", day).encode()
    answer = send_refused(ingest, content, "bao-cao.csv")
    fault(answer, code, cell="D3", read=day)


def test_33_a_workbook_that_inflates_to_millions_of_rows_is_413(ingest: Ingest) -> None:
    row = b"<row><c><v>1</v></c></row>"
    bomb = changed(
        SOUND, SHEET, lambda sheet: sheet.replace(b"</sheetData>", row * 3_000_000 + b"</sheetData>")
    )
    assert len(bomb) < 400_000
    answer = send_refused(ingest, bomb)
    assert answer.status_code == 413
    assert answer.json["type"].rpartition(":")[2] in ("too-many-rows", "inflates-too-far", "takes-too-long")
    assert " / " in answer.json["detail"]


@pytest.mark.parametrize("far", ["A1048576", "XFD9000"])
def test_34_two_cells_far_apart_are_422_before_they_are_laid_out(ingest: Ingest, far: str) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet[far] = "x"

    answer = send_refused(ingest, workbook(fill))
    (error,) = answer.json["errors"]
    assert (answer.status_code, error["code"], error["read"]) == (422, "far-cell", far)
    assert " / " in error["mend"]


def test_35_a_dimension_that_lies_is_ignored(ingest: Ingest) -> None:
    for lie in (b'<dimension ref="A1:XFD1048576"/>', b'<dimension ref="A1:A1"/>'):
        lying = changed(SOUND, SHEET, lambda sheet, lie=lie: lie.join(  # type: ignore[misc]
            [sheet.partition(b"<dimension")[0], sheet.partition(b"<dimension")[2].partition(b"/>")[2]]
        ))  # fmt: skip
        answer = send(ingest, lying)
        assert (answer.status_code, answer.json.get("rows_read")) == (202, 1), answer.text


def test_36_entities_inside_or_outside_the_file_are_400(ingest: Ingest) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1_000 + b'"><!ENTITY b "' + b"&a;" * 1_000 + b'">]>'
    outside = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    for declaration in (bomb, outside):

        def declare(sheet: bytes, declaration: bytes = declaration) -> bytes:
            head, _, rest = sheet.partition(b"<worksheet")
            return head + declaration + b"<worksheet" + rest

        answer = send_refused(ingest, changed(SOUND, SHEET, declare))
        problem = refused(answer, 400, "malformed-workbook")
        assert " / " in problem["detail"]
        assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512, "bao-cao.xls"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512, XLSX),
        (SOUND, "bao-cao.xlsm"),
        (b"%PDF-1.7", "bao-cao.pdf"),
        (b"%PDF-1.7", XLSX),
        (b"\x89PNG\r\n", XLSX),
    ],
)
def test_37_another_kind_of_file_is_415(ingest: Ingest, content: bytes, name: str) -> None:
    problem = refused(send_refused(ingest, content, name), 415, "unsupported-file")
    assert "XLSX" in problem["detail"].upper()
    assert " / " in problem["detail"]


def test_37_macros_and_encryption_are_415_whatever_the_file_is_called(ingest: Ingest) -> None:
    with_macros = io.BytesIO(SOUND)
    with zipfile.ZipFile(with_macros, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"")
    encrypted = bytearray(SOUND)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(magic) + flags] |= 1
    for content in (with_macros.getvalue(), bytes(encrypted)):
        refused(send_refused(ingest, content), 415, "unsupported-file")


def test_38_a_formula_without_a_stored_value_is_422_at_its_cell(ingest: Ingest) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1, "=E3*2")

    answer = send_refused(ingest, workbook(fill))
    error = fault(answer, "formula-without-value", cell="E4")
    assert error["sheet"] == "Sheet1"


def test_39_merged_rows_and_hidden_sheets_are_422_and_nothing_hidden_is_dropped(ingest: Ingest) -> None:
    def merge(sheet: Any) -> None:
        fill_statement(sheet, 1, 2)
        sheet.merge_cells("B3:B4")

    answer = send_refused(ingest, workbook(merge))
    problem = refused(answer, 422, "invalid")
    assert "merged-cells" in {error["code"] for error in problem["errors"]}

    book = openpyxl.Workbook()
    fill_statement(book.active, 1, 2)
    book.active.row_dimensions[4].hidden = True
    second = book.create_sheet("Quý II")
    second.sheet_state = "hidden"
    second.append(["Đơn vị tính: triệu đồng"])
    second.append(["Mã dự án", "Nguồn vốn", "Năm ngân sách", "Đến ngày", "Lũy kế giải ngân"])
    second.append(["P5", "NSTW", 2022, "30/06/2022", 4])
    book.create_sheet("Ghi chú")["A1"] = "Số liệu sơ bộ"
    problem = refused(send_refused(ingest, saved(book)), 422, "invalid")
    assert [(error["code"], error["sheet"]) for error in problem["errors"]] == [("hidden-sheet", "Quý II")]
    second.sheet_state = "visible"
    answer = send(ingest, saved(book))
    assert (answer.status_code, answer.json["rows_read"], answer.json["new"]) == (202, 3, 3), answer.text
    assert sum(total["minor_units"] for total in answer.json["totals"]) == 7_000_000
    assert [warning for warning in answer.json["warnings"] if "Ghi chú" in warning]


def test_40_the_calendar_of_1904_is_honoured_and_serial_60_is_no_day(ingest: Ingest) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    fill_statement(book.active, 1)
    book.active["D3"] = date(2022, 5, 31)
    answer = send(ingest, saved(book))
    assert answer.status_code == 202, answer.text
    ((payload,),) = ingest.rows("SELECT payload FROM ingest.journal ORDER BY accepted_no DESC LIMIT 1")
    assert b"2022-05-31" in bytes(payload)

    def serial_60(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["D3"] = 60
        sheet["D3"].number_format = "dd/mm/yyyy"

    answer = send_refused(ingest, workbook(serial_60))
    fault(answer, "ambiguous-date", cell="D3")


def test_41_text_that_looks_like_a_formula_is_kept_as_text(ingest: Ingest) -> None:
    """That it is exported with an apostrophe is in test_bad_input_events.py."""
    name = '=HYPERLINK("http://example.invalid","bấm vào đây")'
    code = f"P-{uuid4()}"
    answer = ingest.post(
        "/v1/registers", {"projects": [stated.project(project_code=code, project_name=name)]}
    )
    assert answer.status_code == 202
    content = (
        "Mã dự án,Tên dự án,Mã tỉnh,Mã chủ đầu tư,Ngày hiệu lực\n"
        f'{code}x,"{name.replace(chr(34), chr(34) * 2)}",96,BQL-GT,01/01/2022\n'
    ).encode()
    answer = send(ingest, content, "du-an.csv", profile="projects")
    assert answer.status_code == 202, answer.text
    kept = ingest.rows(
        "SELECT project_name FROM ingest.project_statement WHERE project_name LIKE '=HYPERLINK%'"
    )
    assert kept == [(name,), (name,)]


def test_42_bad_rows_among_five_thousand_are_all_told_and_none_is_accepted(ingest: Ingest) -> None:
    rows = [f"V-{n};P{n % 9 + 1};local.balance;2022;thanh toán;{n + 1};05/03/2022" for n in range(5_000)]
    rows[6] = rows[6].replace("thanh toán", "quà tặng")
    rows[2_499] = rows[2_499].replace(";2500;", ";hai triệu;")
    rows[4_999] = rows[4_999].replace("05/03/2022", "31/02/2022")
    content = (VOUCHER_HEADER + "\n".join(rows)).encode()
    answer = send_refused(ingest, content, "chung-tu.csv", profile="treasury-vouchers")
    problem = refused(answer, 422, "invalid")
    assert [(error["code"], error["row"], error["column"], error["read"]) for error in problem["errors"]] == [
        ("unknown-choice", 8, "E", "quà tặng"),
        ("not-a-number", 2_501, "F", "hai triệu"),
        ("no-such-day", 5_001, "G", "31/02/2022"),
    ]
    assert all(" / " in error["mend"] for error in problem["errors"])


def test_43_the_same_file_twice_or_reordered_brings_nothing_new(ingest: Ingest) -> None:
    rows = [f"V-{n};P{n % 9 + 1};local.balance;2022;thanh toán;{n + 1};05/03/2022" for n in range(500)]
    source = f"kbnn.{uuid4()}"

    def send_rows(rows: list[str], **fields: str) -> Answer:
        content = (VOUCHER_HEADER + "\n".join(rows)).encode()
        return send(ingest, content, "chung-tu.csv", profile="treasury-vouchers", source=source, **fields)

    first = send_rows(rows)
    assert (first.status_code, first.json["new"]) == (202, 500), first.text
    for again in (rows, random.Random(7).sample(rows, len(rows))):  # noqa: S311
        for dry_run in ("true", "false"):
            answer = send_rows(again, dry_run=dry_run)
            assert (answer.json["new"], answer.json["duplicate"]) == (0, 500)
            assert sorted(answer.json["event_ids"]) == sorted(first.json["event_ids"])
    assert answer.json["totals"] == first.json["totals"]


def test_a_list_of_event_ids_ends_at_a_thousand(ingest: Ingest) -> None:
    for count, listed in ((1_000, 1_000), (1_001, 0)):
        rows = [f"V-{n};P1;local.balance;2022;thanh toán;{n + 1};05/03/2022" for n in range(count)]
        content = (VOUCHER_HEADER + "\n".join(rows)).encode()
        answer = send(ingest, content, "chung-tu.csv", profile="treasury-vouchers")
        assert (answer.json["new"], len(answer.json["event_ids"])) == (count, listed)
