"""Nobody states facts in another's name; and who contradicts what was accepted first is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.runtime.access import Scope
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    ingest_of_a_module,
    journalled_movements,
    make_known,
)
from tests.support import stated
from tests.support.brokers import RunningBroker

PLAN = (
    "Nơi gửi số liệu;Mã dự án;Tên dự án;Mã chủ đầu tư;Chủ đầu tư;Nguồn vốn;Mã tỉnh;Năm ngân sách;"
    "Loại kế hoạch;Số vốn (đồng);Số quyết định;Ngày quyết định;Ngày hiệu lực\n"
    "{source};7891234;Cầu;BQL-GT;Ban;NSĐP;96;2022;giao đầu năm;999000000;1/QĐ-UBND;01/01/2022;01/01/2022\n"
)


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        make_known(running, "7891234")
        yield running


def send(ingest: Ingest, **changes: Any) -> Answer:
    movement = stated.movement(**{"source_ref": f"V-{uuid4()}", **changes})
    return ingest.post("/v1/disbursements", {"movements": [movement]})


def code_of(answer: Answer) -> str:
    return str(answer.json["type"]).rpartition(":")[2]


def test_an_owner_cannot_state_the_treasurys_voucher_before_the_treasury(ingest: Ingest) -> None:
    owner = ingest.of_unit("96/BQL-GT", sources=["bql-gt.ca-mau"])
    before = journalled_movements(ingest)
    answer = send(owner, source="kbnn.ca-mau", source_ref="9999/RV/1", amount="1")
    assert (answer.status_code, code_of(answer)) == (403, "outside-source")
    (error,) = answer.json["errors"]
    assert (error["code"], error["where"], error["read"]) == (
        "outside-source",
        "movements.0.source",
        '"kbnn.ca-mau"',
    )
    assert "bql-gt.ca-mau" in error["detail"]
    assert journalled_movements(ingest) == before
    treasury = send(ingest, source_ref="9999/RV/1", amount="5000000")
    assert (treasury.json["new"], treasury.json["conflicting"], treasury.json["warnings"]) == (1, 0, [])
    assert send(owner, source="bql-gt.ca-mau").status_code == 202


def test_a_token_without_a_unit_may_be_bound_to_sources_too(ingest: Ingest) -> None:
    treasury = ingest.of_unit("", sources=["kbnn.ca-mau", "kbnn.quang-nam"])
    assert send(treasury).status_code == 202
    assert code_of(send(treasury, source="skhdt.ca-mau")) == "outside-source"
    assert send(ingest.of_unit("")).status_code == 202


def test_the_source_column_of_a_file_is_judged_row_by_row_and_the_form_as_well(ingest: Ingest) -> None:
    owner = ingest.of_unit("96/BQL-GT", sources=["bql-gt.ca-mau"])

    def plan(source: str, text: str) -> Answer:
        form = {"source": source, "file": (io.BytesIO(text.encode()), "a.csv")}
        return owner.post_form("/v1/imports?profile=plan", form)

    answer = plan("bql-gt.ca-mau", PLAN.format(source="ubnd.ca-mau"))
    assert (answer.status_code, code_of(answer)) == (403, "outside-source")
    (error,) = answer.json["errors"]
    assert (error["code"], error["row"], error["column"]) == ("outside-source", 2, "A")
    # No column says it: the form does.
    without = "\n".join(line.partition(";")[2] for line in PLAN.splitlines())
    answer = plan("ubnd.ca-mau", without)
    assert [error["code"] for error in answer.json["errors"]] == ["outside-source"]
    assert plan("bql-gt.ca-mau", without).status_code == 202


def test_a_unit_token_of_before_there_were_sources_states_nothing(ingest: Ingest) -> None:
    old = ingest.of_unit("96/BQL-GT", Scope.INGEST_WRITE, sources=["bql-gt.ca-mau"])
    ingest.rows("ALTER TABLE access.token DISABLE TRIGGER token_no_update; SELECT 1")
    ingest.rows("UPDATE access.token SET sources = '{}' WHERE unit = '96/BQL-GT' RETURNING 1")
    ingest.rows("ALTER TABLE access.token ENABLE TRIGGER token_no_update; SELECT 1")
    answer = send(old, source="bql-gt.ca-mau")
    assert (answer.status_code, code_of(answer)) == (403, "outside-source")


def test_what_contradicts_the_accepted_is_said_in_the_receipt_not_to_count(ingest: Ingest) -> None:
    reference = f"V-{uuid4()}"
    event_id = send(ingest, source_ref=reference, amount="1").json["event_ids"][0]
    receipt = send(ingest, source_ref=reference, amount="5000000").json
    assert receipt["conflicting"] == 1
    (warning,) = receipt["warnings"]
    for said in ("KHÔNG được tính", "NOT counted", "officer", event_id):
        assert said in warning
