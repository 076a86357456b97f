"""The plan leaves as a workbook and comes back through the import door as nothing new."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.runtime.access import Scope
from tests.integration.ingest_stack import Ingest, running_ingest
from tests.support.access import client_of, make_token
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import Broker

FORMULA = '=HYPERLINK("http://x.example","bấm vào đây")'


def line(**changes: Any) -> dict[str, Any]:
    """A line of the initial 2022 plan of project P1 of owner O1 in Cà Mau."""
    return {
        "source": "so-khdt.ca-mau",
        "project_code": "P1",
        "project_name": "Cầu sông Ông Đốc",
        "owner_code": "O1",
        "owner_name": "Ban QLDA xây dựng",
        "accountable_officer": "Giám đốc Ban",
        "fund_source": "central.sector",
        "project_group": "B",
        "district": "Trần Văn Thời",
        "sector": "giao thông",
        "province_code": "96",
        "budget_year": 2022,
        "base": "initial",
        "amount": 123_456_789_012_345,
        "decision_number": "3626/QĐ-UBND",
        "decision_date": "2021-12-10",
        "effective_date": "2022-01-01",
        **changes,
    }


LINES = [
    line(),
    line(amount=1, revision=1),
    line(base="adjusted", amount=7, decision_number="=1+1", effective_date="2022-05-20"),
    line(base="allocated", amount=0, decision_number="-12/QĐ", accountable_officer="@an"),
    line(base="carry_over", amount=90, carried_from_year=2020, decision_number="4/QĐ"),
    line(base="carry_over", amount=80, carried_from_year=2021, decision_number="4/QĐ"),
    line(source="kbnn.ca-mau", amount=5),
    line(project_code="P2", project_name=FORMULA, owner_name="+84 ban", district="", sector=""),
    line(project_code="P3", project_group=""),
    line(project_code="0123", project_name="'=không phải công thức", owner_code="O2", province_code="96"),
    line(project_code="P4", project_name="'+x", level="fund_line", fund_source="local.lottery"),
    line(project_code="P1", budget_year=2023, decision_date="2022-12-10", effective_date="2023-01-01"),
]  # fmt: skip


@pytest.fixture
def stack(database_url: str, broker: Broker) -> Iterator[tuple[Ingest, Aggregation]]:
    """Ingest and aggregation on one log, on 31/07/2023, with the plan."""
    settings = settings_for(database_url, broker.bootstrap_servers, business_date=date(2023, 7, 31))
    with ExitStack() as parts:
        ingest = parts.enter_context(running_ingest(settings))
        aggregation = parts.enter_context(running(settings))
        answer = ingest.post("/v1/plans", {"revisions": LINES})
        assert answer.status_code == 202, answer.text
        aggregation.settle()
        yield ingest, aggregation


def export(aggregation: Aggregation, query: str = "", token: str = "") -> bytes:
    client = client_of(aggregation.client.application, token) if token else aggregation.client
    answer = client.get(f"/v1/exports/plan.xlsx{query}")
    assert answer.status_code == 200, answer.text
    assert answer.content_type.endswith("spreadsheetml.sheet")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    workbook: bytes = answer.data
    return workbook


def cells(workbook: bytes) -> list[tuple[object, ...]]:
    """The rows under the header."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    return [tuple(row) for row in sheet.iter_rows(min_row=2, values_only=True)]


def import_plan(ingest: Ingest, workbook: bytes) -> dict[str, Any]:
    form = {"source": "ai-gui", "file": (io.BytesIO(workbook), "ke-hoach-von.xlsx")}
    answer = ingest.post_form("/v1/imports?profile=plan", form)
    assert answer.status_code == 202, answer.text
    receipt: dict[str, Any] = answer.json
    return receipt


def test_an_exported_plan_imported_is_nothing_new_and_changes_no_figure(
    stack: tuple[Ingest, Aggregation],
) -> None:
    ingest, aggregation = stack
    before = [aggregation.summary(as_of=day, group_by="owner") for day in ("2022-07-31", "2023-07-31")]
    workbook = export(aggregation)
    receipt = import_plan(ingest, workbook)
    assert (receipt["new"], receipt["duplicate"], receipt["conflicting"]) == (0, len(LINES), 0)
    assert receipt["rows_read"] == len(LINES)
    aggregation.settle()
    after = [aggregation.summary(as_of=day, group_by="owner") for day in ("2022-07-31", "2023-07-31")]
    assert after == before
    assert cells(export(aggregation)) == cells(workbook)


def test_text_that_looks_like_a_formula_is_text_in_the_file_and_survives(
    stack: tuple[Ingest, Aggregation],
) -> None:
    ingest, aggregation = stack
    workbook = export(aggregation)
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<f " not in sheet
    assert b"hyperlink" not in sheet
    texts = {cell for row in cells(workbook) for cell in row if isinstance(cell, str)}
    assert {f"'{FORMULA}", "'=1+1", "'-12/QĐ", "'@an", "'+84 ban", "''=không phải công thức"} <= texts
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]

    import_plan(ingest, workbook)
    aggregation.settle()
    shown = aggregation.client.get("/v1/projects/P2?as_of=2022-07-31").get_json()
    assert shown["project"]["project_name"] == FORMULA


def test_the_export_holds_every_revision_and_is_asked_by_province_year_and_source(
    stack: tuple[Ingest, Aggregation],
) -> None:
    _, aggregation = stack
    assert len(cells(export(aggregation))) == len(LINES)
    assert len(cells(export(aggregation, "?budget_year=2023"))) == 1
    assert len(cells(export(aggregation, "?source=kbnn.ca-mau"))) == 1
    assert cells(export(aggregation, "?province=49")) == []
    assert aggregation.client.get("/v1/exports/plan.xlsx?provinc=96").status_code == 422


def test_a_unit_exports_the_lines_of_its_own_projects(stack: tuple[Ingest, Aggregation]) -> None:
    _, aggregation = stack
    url = aggregation.settings.database_url.get_secret_value()
    for unit, expected in (("96/O2", {"0123"}), ("49", set()), ("96", {"P1", "P2", "P3", "P4", "0123"})):
        token = make_token(url, Scope.READ, unit=unit, name=unit)
        assert {row[1] for row in cells(export(aggregation, token=token))} == expected
    writer = make_token(url, Scope.INGEST_WRITE, name="ghi")
    refused = client_of(aggregation.client.application, writer).get("/v1/exports/plan.xlsx")
    assert refused.status_code == 403
