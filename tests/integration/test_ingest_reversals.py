"""One movement is reversed once, whoever asks and however many at once; one not known yet is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from services.ingest import log_writer
from services.runtime.kafka_client import BrokerUnavailableError
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    ingest_of_a_module,
    journalled_movements,
    make_known,
)
from tests.support import stated


@pytest.fixture(scope="module")
def ingest(postgres_server: str) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server) as running:
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


def test_an_accepted_reversal_cannot_be_changed(ingest: Ingest) -> None:
    send(ingest, reversal(accepted(ingest)))
    for statement in (
        "UPDATE ingest.reversal SET reversal_id = reversed_id WHERE accepted_at IS NOT NULL",
        "DELETE FROM ingest.reversal",
        "TRUNCATE ingest.reversal",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation, match="refused"):
            ingest.rows(statement)
