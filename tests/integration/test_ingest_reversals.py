"""One movement is reversed once, whoever asks and however many at once; one not known yet is waited for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from services.domain import event_identity
from services.ingest.log import writer as log_writer
from services.runtime.kafka_client import BrokerUnavailableError
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    ingest_of_a_module,
    journalled_movements,
    make_known,
)
from tests.support import stated
from tests.support.brokers import RunningBroker


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        make_known(running, "7891234")
        yield running


def send(ingest: Ingest, *movements: dict[str, Any]) -> Answer:
    return ingest.post("/v1/disbursements", {"movements": list(movements)})


def reversal(of: str, **changes: Any) -> dict[str, Any]:
    reference = {"source_ref": f"R-{uuid4()}"}
    return stated.movement(**{**reference, "kind": "reversal", "reverses_event_id": of, **changes})


def accepted(ingest: Ingest) -> str:
    answer = send(ingest, stated.movement(source_ref=f"V-{uuid4()}"))
    return str(answer.json["event_ids"][0])


def test_a_reversal_of_an_accepted_movement_is_accepted_without_a_warning(ingest: Ingest) -> None:
    answer = send(ingest, reversal(accepted(ingest)))
    assert (answer.status_code, answer.json["new"], answer.json["warnings"]) == (202, 1, [])


def test_a_movement_and_its_reversal_in_one_request_need_no_warning(ingest: Ingest) -> None:
    movement = stated.movement(source_ref=f"V-{uuid4()}")
    event_id = accepted(ingest)
    assert send(ingest, movement, reversal(event_id)).json["warnings"] == []


def test_a_reversal_of_an_unknown_movement_is_accepted_and_held(ingest: Ingest) -> None:
    unknown = str(uuid4())
    answer = send(ingest, stated.movement(source_ref=f"V-{uuid4()}"), reversal(unknown))
    assert (answer.status_code, answer.json["new"]) == (202, 2)
    (warning,) = answer.json["warnings"]
    assert warning.startswith("movements.1.reverses_event_id: ")
    assert "held" in warning
    assert "giữ lại" in warning
    assert unknown in warning


def test_a_second_reversal_is_409_and_nothing_of_its_request_is_accepted(ingest: Ingest) -> None:
    event_id = accepted(ingest)
    first = send(ingest, reversal(event_id)).json["event_ids"][0]
    before = journalled_movements(ingest)
    answer = send(ingest, stated.movement(source_ref=f"V-{uuid4()}"), reversal(event_id))
    assert (answer.status_code, answer.json["type"]) == (409, "urn:giaingan:problem:already-reversed")
    (error,) = answer.json["errors"]
    assert (error["code"], error["where"], error["read"]) == (
        "already-reversed",
        "movements.1.reverses_event_id",
        event_id,
    )
    assert first in error["detail"]
    assert " / " in error["mend"]
    assert journalled_movements(ingest) == before


def test_the_same_reversal_again_is_a_duplicate(ingest: Ingest) -> None:
    again = reversal(accepted(ingest))
    assert send(ingest, again).json["new"] == 1
    assert send(ingest, again).json["duplicate"] == 1


def test_two_reversals_of_one_movement_in_one_request_are_409(ingest: Ingest) -> None:
    event_id = accepted(ingest)
    answer = send(ingest, reversal(event_id), reversal(event_id))
    assert answer.status_code == 409
    assert [error["where"] for error in answer.json["errors"]] == ["movements.1.reverses_event_id"]
    assert send(ingest, reversal(event_id)).status_code == 202


def test_of_many_reversals_at_once_one_is_accepted(ingest: Ingest) -> None:
    event_id = accepted(ingest)
    with ThreadPoolExecutor(max_workers=6) as senders:
        answers = list(senders.map(lambda _: send(ingest, reversal(event_id)), range(6)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409, 409]


def test_a_reversal_that_was_not_acknowledged_may_be_sent_again_and_holds_off_another(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = accepted(ingest)
    first = reversal(event_id)

    def time_out(*_: Any) -> Any:
        raise BrokerUnavailableError("paused")

    monkeypatch.setattr(log_writer, "write", time_out)
    assert send(ingest, first).status_code == 503
    monkeypatch.undo()
    # It may be in the log: until its claim ends, no other takes its place.
    assert send(ingest, reversal(event_id)).status_code == 409
    assert send(ingest, first).status_code == 202


def test_a_reversal_that_never_came_again_gives_way_when_its_claim_ends(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = accepted(ingest)

    def time_out(*_: Any) -> Any:
        raise BrokerUnavailableError("paused")

    monkeypatch.setattr(log_writer, "write", time_out)
    assert send(ingest, reversal(event_id)).status_code == 503
    monkeypatch.undo()
    ingest.rows("UPDATE ingest.reversal SET claimed_until = now() WHERE accepted_at IS NULL RETURNING 1")
    assert send(ingest, reversal(event_id)).status_code == 202


def test_a_reversal_that_conflicts_takes_no_movement(ingest: Ingest) -> None:
    one, other = accepted(ingest), accepted(ingest)
    first = reversal(one)
    assert send(ingest, first).status_code == 202
    assert send(ingest, {**first, "reverses_event_id": other}).json["conflicting"] == 1
    assert send(ingest, reversal(other)).status_code == 202


# --- a reversal fits its movement ------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "5"},
        {"fund_source": "central"},
        {"budget_year": 2021, "value_date": "2021-12-31"},
        {"project_code": "ANOTHER"},
    ],
)
def test_a_reversal_that_differs_from_its_movement_is_refused_and_the_right_one_is_still_accepted(
    ingest: Ingest, wrong: dict[str, Any]
) -> None:
    make_known(ingest, "ANOTHER")
    event_id = accepted(ingest)
    before = journalled_movements(ingest)
    answer = send(ingest, reversal(event_id, **wrong))
    assert (answer.status_code, answer.json["type"]) == (422, "urn:giaingan:problem:invalid")
    (error,) = answer.json["errors"]
    assert (error["code"], error["where"], error["read"]) == (
        "reversal-differs",
        "movements.0.reverses_event_id",
        event_id,
    )
    assert "7891234, local.balance, 2022, 1,000,000 đồng" in error["detail"]
    assert journalled_movements(ingest) == before
    assert send(ingest, reversal(event_id)).json["warnings"] == []


def test_a_reversal_of_a_movement_in_the_same_request_must_fit_it_too(ingest: Ingest) -> None:
    movement = stated.movement(source_ref=f"V-{uuid4()}")
    event_id = str(event_identity.event_id(source=movement["source"], source_ref=movement["source_ref"]))
    answer = send(ingest, movement, reversal(event_id, amount="999999"))
    assert [error["code"] for error in answer.json["errors"]] == ["reversal-differs"]
    both = send(ingest, movement, reversal(event_id))
    assert (both.json["new"], both.json["warnings"]) == (2, [])
    assert send(ingest, reversal(event_id)).status_code == 409


def test_what_is_no_movement_or_is_a_reversal_itself_is_not_reversed(ingest: Ingest) -> None:
    line = ingest.post("/v1/statements", {"lines": [stated.statement()]}).json["event_ids"][0]
    back = send(ingest, reversal(accepted(ingest))).json["event_ids"][0]
    for target in (line, back):
        answer = send(ingest, reversal(target))
        assert [error["code"] for error in answer.json["errors"]] == ["reversal-differs"]


def test_no_unit_reverses_the_movement_of_another_nor_learns_of_it(ingest: Ingest) -> None:
    projects = [
        stated.project(project_code="OF-O1", owner_code="O1"),
        stated.project(project_code="OF-O2", owner_code="O2"),
    ]
    assert ingest.post("/v1/registers", {"projects": projects}).status_code == 202
    movement = stated.movement(source_ref=f"V-{uuid4()}", project_code="OF-O2", amount="42")
    event_id = send(ingest, movement).json["event_ids"][0]
    o1 = ingest.of_unit("96/O1")
    for amount in ("42", "41"):
        answer = send(o1, reversal(event_id, project_code="OF-O1", amount=amount))
        assert (answer.status_code, answer.json["type"]) == (403, "urn:giaingan:problem:outside-unit")
        (error,) = answer.json["errors"]
        assert (error["code"], error["where"]) == ("outside-unit", "movements.0.reverses_event_id")
        assert "42" not in error["detail"]
    assert send(ingest, reversal(event_id, project_code="OF-O2", amount="42")).status_code == 202


def test_a_reversal_sent_before_its_movement_blocks_no_other(ingest: Ingest) -> None:
    movement = stated.movement(source_ref=f"V-{uuid4()}")
    event_id = str(event_identity.event_id(source=movement["source"], source_ref=movement["source_ref"]))
    early = reversal(event_id, amount="5")
    assert "held" in send(ingest, early).json["warnings"][0]
    assert send(ingest, movement).status_code == 202
    assert (answer := send(ingest, reversal(event_id))).status_code == 202
    assert answer.json["warnings"] == []
    # What was accepted stays a duplicate, whatever is known by now.
    assert send(ingest, early).json["duplicate"] == 1


def test_a_movement_that_was_stated_with_two_contents_is_reversed_as_the_ledger_decides(
    ingest: Ingest,
) -> None:
    reference = f"V-{uuid4()}"
    event_id = send(ingest, stated.movement(source_ref=reference)).json["event_ids"][0]
    assert send(ingest, stated.movement(source_ref=reference, amount="7")).json["conflicting"] == 1
    assert send(ingest, reversal(event_id, amount="8")).status_code == 422
    for amount in ("7", "1000000"):
        answer = send(ingest, reversal(event_id, amount=amount))
        assert answer.status_code == 202
        assert "sổ cái quyết định" in answer.json["warnings"][0]


def test_a_dry_run_and_a_file_are_told_that_a_reversal_differs(ingest: Ingest) -> None:
    voucher = f"{uuid4()}/RV"
    text = (
        "Mã dự án;Nguồn vốn;Số chứng từ;Ngày hạch toán;Loại giao dịch;Số tiền (đồng);Hủy chứng từ số\n"
        f"7891234;NSĐP;{voucher};05/03/2022;thanh toán;1000;\n"
        f"7891234;NSĐP;{voucher}-x;06/03/2022;hủy chứng từ;10;{voucher}/1\n"
    )
    for dry_run in ("true", "false"):
        form = {"source": "kbnn.ca-mau", "dry_run": dry_run, "budget_year": "2022"}
        answer = ingest.post_form(
            "/v1/imports?profile=treasury-vouchers", {**form, "file": (io.BytesIO(text.encode()), "a.csv")}
        )
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json["errors"]] == ["reversal-differs"], answer.text


# --- claims --------------------------------------------------------------------------------------


def test_a_claim_lasts_as_long_as_the_settings_say(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    event_id = accepted(ingest)

    def time_out(*_: Any) -> Any:
        raise BrokerUnavailableError("paused")

    monkeypatch.setattr(log_writer, "write", time_out)
    assert send(ingest, reversal(event_id)).status_code == 503
    ((seconds,),) = ingest.rows(
        "SELECT extract(epoch FROM claimed_until - now())::int FROM ingest.reversal"  # noqa: S608
        f" WHERE reversed_id = '{event_id}'"
    )
    assert 0 <= ingest.settings.idempotency_lease_seconds - seconds < 30


def test_a_reversal_whose_claim_ended_while_it_was_published_is_503_and_not_acknowledged(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = accepted(ingest)
    write = log_writer.write

    def slowly(*arguments: Any) -> Any:
        monkeypatch.undo()
        ingest.rows("UPDATE ingest.reversal SET claimed_until = now() WHERE accepted_at IS NULL RETURNING 1")
        assert send(ingest, reversal(event_id)).status_code == 202
        return write(*arguments)

    monkeypatch.setattr(log_writer, "write", slowly)
    late = reversal(event_id)
    answer = send(ingest, late)
    assert (answer.status_code, answer.json["type"]) == (503, "urn:giaingan:problem:claim-lost")
    assert answer.retry_after
    assert send(ingest, late).status_code == 409


def test_an_accepted_reversal_cannot_be_changed(ingest: Ingest) -> None:
    send(ingest, reversal(accepted(ingest)))
    for statement in (
        "UPDATE ingest.reversal SET reversal_id = reversed_id WHERE accepted_at IS NOT NULL",
        "DELETE FROM ingest.reversal",
        "TRUNCATE ingest.reversal",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation, match="refused"):
            ingest.rows(statement)


def test_a_reversal_is_of_the_same_capital_as_its_movement(ingest: Ingest) -> None:
    """Of 2021's own plan up to 31 January 2022, of its carried-over capital from then on."""
    movement = stated.movement(source_ref=f"V-{uuid4()}", budget_year=2021, value_date="2021-12-20")
    event_id = str(event_identity.event_id(source=movement["source"], source_ref=movement["source_ref"]))
    late = reversal(event_id, budget_year=2021, value_date="2022-04-01")
    answer = send(ingest, movement, late)
    assert [error["code"] for error in answer.json["errors"]] == ["reversal-differs"]
    assert "kéo dài sang 2022" in answer.json["errors"][0]["detail"]
    in_time = reversal(event_id, budget_year=2021, value_date="2022-01-31")
    assert send(ingest, movement, in_time).json["new"] == 2
