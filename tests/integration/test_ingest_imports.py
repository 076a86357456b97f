"""Files through the import door: what an office sends, as an office sends it."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.contracts import topics
from services.ingest.log import writer as log_writer
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    make_known,
    read_log,
    running_ingest,
    settings_for,
)
from tests.support.brokers import Broker

VOUCHERS = """\
CHỨNG TỪ GIẢI NGÂN;;;;;
Số chứng từ;Mã dự án;Nguồn vốn;Năm ngân sách;Loại giao dịch;Số tiền (đồng);Ngày chứng từ
V-1;7891234;local.balance;2022;tạm ứng;1.500.000;05/03/2022
V-2;7891234;local.balance;2022;thanh toán;2.000.000;31/03/2022
V-3;7895678;central.sector;2022;thanh toán;750.000;15/06/2022
"""


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        make_known(running, "7891234", "7895678")
        yield running


def send(ingest: Ingest, content: str | bytes, name: str = "t3.csv", **fields: Any) -> Answer:
    raw = content.encode() if isinstance(content, str) else content
    profile = fields.pop("profile", "treasury-vouchers")
    form = {"source": "kbnn.ca-mau", **fields, "file": (io.BytesIO(raw), name)}
    return ingest.post_form(f"/v1/imports?profile={profile}", form)


def test_of_a_file_sent_twice_at_once_each_row_is_new_once(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_found_them_new = threading.Barrier(2)
    write = log_writer.write

    def write_together(*arguments: Any) -> Any:
        both_found_them_new.wait(30)
        return write(*arguments)

    monkeypatch.setattr(log_writer, "write", write_together)
    with ThreadPoolExecutor(2) as senders:
        answers = list(senders.map(lambda name: send(ingest, VOUCHERS, name), ["a.csv", "b.csv"]))
    assert [answer.status_code for answer in answers] == [202, 202]
    counts = sorted((answer.json["new"], answer.json["duplicate"]) for answer in answers)
    assert counts == [(0, 3), (3, 0)]
    for answer in answers:
        assert ingest.get(f"/v1/imports/{answer.json['receipt_id']}").json == answer.json


def test_a_file_is_accepted_with_a_receipt(ingest: Ingest, broker: Broker) -> None:
    answer = send(ingest, VOUCHERS)
    assert answer.status_code == 202, answer.text
    receipt = answer.json
    assert (receipt["new"], receipt["rows_read"], receipt["dry_run"]) == (3, 3, False)
    assert receipt["file_name"] == "t3.csv"
    assert receipt["file_sha256"] == hashlib.sha256(VOUCHERS.encode()).hexdigest()
    assert receipt["totals"] == [
        {"fund_source": "central.sector", "currency": "VND", "minor_units": 750_000},
        {"fund_source": "local.balance", "currency": "VND", "minor_units": 3_500_000},
    ]
    log = {str(read.event.fact.event_id) for read in read_log(broker, topics.DISBURSEMENT)}
    assert log == set(receipt["event_ids"])
    assert ingest.get(f"/v1/imports/{receipt['receipt_id']}").json == receipt


def test_the_same_file_again_and_reordered_is_all_duplicates(ingest: Ingest, broker: Broker) -> None:
    send(ingest, VOUCHERS)
    title, header, *rows = VOUCHERS.splitlines()
    reordered = "\n".join([title, header, *reversed(rows)])
    for content in (VOUCHERS, reordered):
        answer = send(ingest, content)
        assert (answer.status_code, answer.json["new"], answer.json["duplicate"]) == (202, 0, 3)
    assert len(read_log(broker, topics.DISBURSEMENT)) == 3


def test_a_dry_run_tells_what_would_happen_and_leaves_nothing(ingest: Ingest, broker: Broker) -> None:
    send(ingest, VOUCHERS)
    changed = (
        VOUCHERS.replace("2.000.000", "2.000.001")
        + "V-4;7895678;central.sector;2022;hoàn trả ngân sách;1;01/07/2022\n"
    )
    answer = send(ingest, changed, dry_run="true")

    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["new"], told["duplicate"], told["conflicting"], told["dry_run"]) == (1, 2, 1, True)
    assert told["receipt_id"] is None
    assert len(read_log(broker, topics.DISBURSEMENT)) == 3
    vouchers = "SELECT count(*) FROM ingest.journal WHERE topic = 'giaingan.disbursement.v1'"
    assert ingest.rows(vouchers) == [(3,)]
    assert ingest.rows("SELECT count(*) FROM ingest.receipt WHERE file_name IS NOT NULL") == [(1,)]


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_one_bad_row_refuses_the_file_and_every_bad_row_is_told(
    ingest: Ingest, broker: Broker, dry_run: str
) -> None:
    content = VOUCHERS + (
        "V-4;7895678;central.sector;2022;thanh toán;5;31/08/2022\n"
        "V-5;7895678;central.sector;2022;quà tặng;5;01/07/2022\n"
        "V-6;7895678;central.sector;2022;hủy chứng từ;5;01/07/2022\n"
    )
    answer = send(ingest, content, dry_run=dry_run)
    assert answer.status_code == 422
    found = {(error["code"], error["where"]) for error in answer.json["errors"]}
    assert {code for code, _ in found} == {
        "after-business-date",
        "unknown-choice",
        "reversal-without-reference",
    }
    assert all("6" in where or "7" in where or "8" in where for _, where in found), found
    assert all(error["mend"] for error in answer.json["errors"])
    assert read_log(broker, topics.DISBURSEMENT) == []


def test_what_is_sent_with_the_file_stands_in_for_what_it_lacks(ingest: Ingest, broker: Broker) -> None:
    content = "Mã dự án;Nguồn vốn;Lũy kế giải ngân\n7891234;local.balance;2.000\n"
    fields = {"profile": "cumulative-statement", "budget_year": "2022", "as_of": "2022-05-31"}
    answer = send(ingest, content, **fields, unit="triệu đồng")
    assert answer.status_code == 202, answer.text
    (read,) = read_log(broker, topics.DISBURSEMENT)
    assert read.event.fact.cumulative.minor_units == 2_000_000_000  # type: ignore[union-attr]
    assert send(ingest, content, profile="cumulative-statement").status_code == 422


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "plan"}, "kind"),
        ({"source": ""}, "source"),
        ({"source": "a\u200b"}, "source"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ({"budget_year": "1"}, "budget_year"),
        ({"as_of": "31/05/2022"}, "as_of"),
        ({"as_of": "0"}, "as_of"),
        ({"source": "kbnn ca-mau"}, "source"),
        ({"province_code": "٩٦"}, "province_code"),
        ({"colour": "red"}, "colour"),
        ({"name": "t3\x00.csv"}, "file_name"),
        ({"source": ["a", "b"]}, "source"),
    ],
)
def test_a_bad_form_is_refused_by_field(ingest: Ingest, fields: dict[str, Any], where: str) -> None:
    answer = send(ingest, VOUCHERS, **fields)
    assert answer.status_code == 422, answer.text
    assert where in [error["where"] for error in answer.json["errors"]]
    assert all(error["mend"] for error in answer.json["errors"])


def test_a_profile_that_is_none_is_404_with_those_there_are(ingest: Ingest) -> None:
    answer = send(ingest, VOUCHERS, profile="gifts")
    assert answer.status_code == 404
    assert answer.json["type"] == "urn:giaingan:problem:no-such-profile"
    assert "treasury-vouchers" in answer.json["detail"]


def test_a_form_without_a_file_is_refused(ingest: Ingest) -> None:
    answer = ingest.post_form("/v1/imports?profile=plan", {"source": "s"})
    assert answer.status_code == 422
    assert [(error["where"], bool(error["mend"])) for error in answer.json["errors"]] == [("file", True)]


def test_a_body_that_is_no_form_is_415(ingest: Ingest) -> None:
    answer = ingest.post_raw("/v1/imports?profile=plan", VOUCHERS.encode(), "text/csv")
    assert (answer.status_code, answer.json["type"]) == (415, "urn:giaingan:problem:not-multipart")


@pytest.mark.parametrize(
    ("content", "name", "statuses"),
    [
        (b"", "t3.csv", {400, 422}),
        (b"\x00" * 2_000, "t3.csv", {400, 415, 422}),
        (b"%PDF-1.4", "t3.pdf", {415}),
        (b"PK\x03\x04 cut off", "t3.xlsx", {400}),
        (b"%PDF-1.4", "t3.xlsx", {415}),
    ],
)
def test_what_is_no_table_gets_a_clear_answer(
    ingest: Ingest, content: bytes, name: str, statuses: set[int]
) -> None:
    answer = send(ingest, content, name=name)
    assert answer.status_code in statuses, answer.text
    assert answer.content_type == "application/problem+json"
