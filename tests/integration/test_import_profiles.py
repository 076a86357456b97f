"""Every import profile through the real door: taken in whole, known again, and a refused file sent back."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.console.api_client import XLSX
from services.contracts import topics
from services.ingest.__main__ import assemble
from services.ingest.sheets.marking.marked_notes import FAULT_COLOUR, FAULT_SHEET
from services.runtime.errors import StopServiceError
from tests.integration.bad_input import refused
from tests.integration.ingest_stack import Answer, Ingest, read_log, running_ingest, settings_for
from tests.support.brokers import Broker
from tests.support.profile_workbooks import WORKBOOKS, workbook

# How many facts each workbook states.
FACTS = {
    "projects": 2,
    "owners": 1,
    "plan": 2,
    "annual-plan": 3,
    "plan-adjustment": 2,
    "reallocation": 1,
    "carry-over": 1,
    "officers": 2,
    "schedule": 1,
    "target-milestones": 1,
    "registered-schedule": 2,
    "treasury-vouchers": 3,
    "cumulative-statement": 3,
    "completed-work": 2,
}


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        yield running


def _form(content: bytes, profile: str, **fields: Any) -> dict[str, Any]:
    return {"source": f"so.{profile}", **fields, "file": (io.BytesIO(content), f"{profile} – biểu.xlsx")}


def _send(ingest: Ingest, content: bytes, profile: str, **fields: Any) -> Answer:
    return ingest.post_form(f"/v1/imports?profile={profile}", _form(content, profile, **fields))


def _projects_first(ingest: Ingest) -> None:
    assert _send(ingest, workbook("plan"), "plan").status_code == 202


def test_the_workbook_of_every_profile_is_taken_in_once(ingest: Ingest, broker: Broker) -> None:
    assert list(WORKBOOKS) == list(FACTS)
    for profile, facts in FACTS.items():
        content = workbook(profile)
        told = _send(ingest, content, profile, dry_run="true")
        assert (told.status_code, told.json["new"]) == (200, facts), told.text
        first = _send(ingest, content, profile)
        assert (first.status_code, first.json["new"]) == (202, facts), first.text
        assert first.json["profile"] == profile
        again = _send(ingest, content, profile)
        counts = (again.json["new"], again.json["duplicate"], again.json["conflicting"])
        assert counts == (0, facts, 0), profile
    logged = [read for topic in (topics.PLAN, topics.DISBURSEMENT) for read in read_log(broker, topic)]
    assert len(logged) == sum(FACTS.values())


def test_totals_by_fund_source_are_those_of_the_paper(ingest: Ingest) -> None:
    totals = _send(ingest, workbook("annual-plan"), "annual-plan").json["totals"]
    assert {total["fund_source"]: total["minor_units"] for total in totals} == {
        "central": 2_900_000_000,
        "local": 600_000_000,
    }


def test_a_refused_file_comes_back_marked_is_mended_and_taken_in(ingest: Ingest) -> None:
    _projects_first(ingest)

    def spoil(sheet: Any) -> None:
        sheet["G4"] = "300.000.000,5"
        sheet["C5"] = "31/08/2022"
        sheet["D6"] = "96009"

    content = workbook("treasury-vouchers", change=spoil)
    plain = _send(ingest, content, "treasury-vouchers")
    assert plain.status_code == 422
    assert {(e["code"], e["sheet"], e["row"], e["column"]) for e in plain.json["errors"]} == {
        ("fraction-of-minor-unit", "Sheet", 4, "G"),
        ("after-business-date", "Sheet", 5, "C"),
        ("unknown-project", "Sheet", 6, "D"),
    }
    response = ingest.client.post(
        "/v1/imports?profile=treasury-vouchers",
        data=_form(content, "treasury-vouchers"),
        headers={"Accept": XLSX},
        content_type="multipart/form-data",
    )
    assert (response.status_code, response.content_type) == (422, XLSX)
    assert "treasury-vouchers%20%E2%80%93%20bi%E1%BB%83u-loi.xlsx" in response.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(response.data))
    sheet = book["Sheet"]
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == {"G4", "C5", "D6"}
    assert all(sheet[cell].fill.start_color.rgb == FAULT_COLOUR for cell in marked)
    assert "96001" in sheet["D6"].comment.text
    assert book.sheetnames == [FAULT_SHEET, "Sheet"]

    sheet["G4"], sheet["C5"], sheet["D6"] = "300.000.000", "31/05/2022", "96001"
    stream = io.BytesIO()
    book.save(stream)
    mended = _send(ingest, stream.getvalue(), "treasury-vouchers")
    assert (mended.status_code, mended.json["new"]) == (202, 3), mended.text
    assert _send(ingest, workbook("treasury-vouchers"), "treasury-vouchers").json["new"] == 0


def test_a_sound_file_is_answered_with_its_receipt_whatever_is_accepted(ingest: Ingest) -> None:
    for accept in (XLSX, "*/*", f"application/json, {XLSX};q=0.5"):
        response = ingest.client.post(
            "/v1/imports?profile=plan",
            data=_form(workbook("plan"), "plan", dry_run="true"),
            headers={"Accept": accept},
            content_type="multipart/form-data",
        )
        assert (response.status_code, response.content_type) == (200, "application/json")


def test_a_refusal_is_a_problem_unless_a_workbook_is_asked_for(ingest: Ingest) -> None:
    content = workbook("plan", change=lambda sheet: sheet.delete_cols(8))
    for accept in ("*/*", "application/json", ""):
        response = ingest.client.post(
            "/v1/imports?profile=plan",
            data=_form(content, "plan"),
            headers={"Accept": accept},
            content_type="multipart/form-data",
        )
        assert (response.status_code, response.content_type) == (422, "application/problem+json")


def test_profiles_and_templates_are_given_out(ingest: Ingest) -> None:
    listed = ingest.get("/v1/imports/profiles").json["profiles"]
    assert {profile["name"] for profile in listed} == set(FACTS)
    for profile in listed:
        response = ingest.client.get(profile["template"])
        assert (response.status_code, response.content_type) == (200, XLSX)
        assert openpyxl.load_workbook(io.BytesIO(response.data)).sheetnames[1] == "Hướng dẫn - Guide"


def test_an_unknown_profile_is_the_same_404_at_every_door(ingest: Ingest) -> None:
    answers = [
        ingest.get("/v1/imports/profiles/gifts/template.xlsx"),
        ingest.get("/v1/imports?profile=gifts"),
        _send(ingest, b"x", "gifts"),
    ]
    for answer in answers:
        problem = refused(answer, 404, "no-such-profile")
        assert "'gifts'" in problem["detail"]
        assert "treasury-vouchers" in problem["detail"]
    # Receipts are of JSON bodies too.
    assert "statements" in answers[1].json["detail"]
    assert ingest.get("/v1/imports?profile=statements").status_code == 200


def test_a_wrong_profile_stops_the_service_at_start(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    settings = settings_for(database_url, broker)
    policy = tmp_path / "policy"
    shutil.copytree(settings.policy_dir, policy)
    owners = policy / "import" / "owners.yaml"
    owners.write_text(owners.read_text("utf-8").replace("key: owner_code", "key: code"), "utf-8")
    with pytest.raises(StopServiceError, match=r"import/owners\.yaml: key: there is no field code"):
        assemble(settings_for(database_url, broker, policy_dir=policy))


def test_the_names_of_the_profiles_are_in_the_description(ingest: Ingest) -> None:
    operation = ingest.get("/openapi.json").json["paths"]["/v1/imports"]["post"]
    (parameter,) = (each for each in operation["parameters"] if each["name"] == "profile")
    assert parameter["required"]
    assert set(parameter["schema"]["enum"]) == set(FACTS)
    assert set(operation["responses"]["422"]["content"]) == {"application/problem+json", XLSX}
