"""Idempotency-Key: the same request is answered as before, another is refused, and nobody is locked out."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.log import writer as log_writer
from services.runtime.kafka_client import BrokerUnavailableError
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    ingest_of_a_module,
    make_known,
)
from tests.support import stated
from tests.support.brokers import RunningBroker


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        make_known(running, "7891234")
        yield running


def body(**changes: Any) -> dict[str, Any]:
    return {"movements": [stated.movement(**{"source_ref": f"V-{uuid4()}", **changes})]}


def send(ingest: Ingest, sent: dict[str, Any], key: str) -> Answer:
    return ingest.post("/v1/disbursements", sent, Idempotency_Key=key)


def test_the_same_key_and_body_get_the_stored_answer(ingest: Ingest) -> None:
    sent, key = body(), str(uuid4())
    first, again = send(ingest, sent, key), send(ingest, sent, key)
    assert (first.status_code, first.is_replayed) == (202, False)
    assert (again.status_code, again.is_replayed, again.text) == (202, True, first.text)
    assert again.content_type == first.content_type


def test_the_stored_answer_stands_though_the_request_would_be_refused_by_now(ingest: Ingest) -> None:
    make_known(ingest, code := f"P-{uuid4()}")
    sent, key = body(project_code=code), str(uuid4())
    first = send(ingest, sent, key)
    closed = stated.project(project_code=code, closed_on="2022-01-31", revision=1)
    assert ingest.post("/v1/registers", {"projects": [closed]}).status_code == 202
    assert send(ingest, sent, str(uuid4())).status_code == 422
    assert send(ingest, sent, key).text == first.text


@pytest.mark.parametrize("path", ["/v1/disbursements", "/v1/disbursements?x=1", "/v1/plans"])
def test_another_request_under_the_key_is_409(ingest: Ingest, path: str) -> None:
    sent, key = body(), str(uuid4())
    assert send(ingest, sent, key).status_code == 202
    other = body() if path == "/v1/disbursements" else sent
    answer = ingest.post(path, other, Idempotency_Key=key)
    assert (answer.status_code, answer.json["type"]) == (409, "urn:giaingan:problem:idempotency-key-reused")
    assert (answer.json["errors"][0]["where"], answer.json["errors"][0]["read"]) == (
        "Idempotency-Key",
        f'"{key}"',
    )


def test_a_key_is_of_its_token(ingest: Ingest) -> None:
    sent, key = body(), str(uuid4())
    assert send(ingest, sent, key).json["new"] == 1
    other = send(ingest.of_unit("96"), sent, key)
    assert (other.status_code, other.is_replayed, other.json["duplicate"]) == (202, False, 1)


def test_a_file_is_known_by_its_fields_and_bytes(ingest: Ingest) -> None:
    content = (
        "Số chứng từ;Mã dự án;Nguồn vốn;Năm ngân sách;Loại giao dịch;Số tiền (đồng);Ngày chứng từ\n"
        f"V-{uuid4()};7891234;local.balance;2022;tạm ứng;1.500.000;05/03/2022\n"
    ).encode()
    key = str(uuid4())

    def send_file(content: bytes, source: str = "kbnn.ca-mau") -> Answer:
        form = {"source": source, "file": (io.BytesIO(content), "t3.csv")}
        return ingest.post_form("/v1/imports?profile=treasury-vouchers", form, Idempotency_Key=key)

    first, again = send_file(content), send_file(content)
    assert (first.status_code, first.json["file_sha256"]) == (202, hashlib.sha256(content).hexdigest())
    assert (again.is_replayed, again.text) == (True, first.text)
    assert send_file(content + b"\n").status_code == 409
    assert send_file(content, source="kbnn.quang-nam").status_code == 409


def test_a_refusal_frees_the_key(ingest: Ingest) -> None:
    key = str(uuid4())
    assert send(ingest, body(amount="x"), key).status_code == 422
    assert send(ingest, body(project_code="none"), key).status_code == 422
    assert (
        ingest.post_raw("/v1/disbursements", b"{", "application/json", Idempotency_Key=key).status_code == 400
    )
    assert send(ingest, body(), key).status_code == 202


def test_an_answer_that_is_not_known_frees_the_key(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, key = body(), str(uuid4())

    def time_out(*_: Any) -> Any:
        raise BrokerUnavailableError("paused")

    monkeypatch.setattr(log_writer, "write", time_out)
    assert send(ingest, sent, key).status_code == 503
    monkeypatch.undo()
    again = send(ingest, sent, key)
    assert (again.status_code, again.is_replayed) == (202, False)


def test_a_dry_run_keeps_no_key(ingest: Ingest) -> None:
    key = str(uuid4())
    content = (
        "Mã dự án;Nguồn vốn;Năm ngân sách;Đến ngày;Lũy kế giải ngân (đồng)\n"
        "7891234;local.balance;2022;31/05/2022;2.000\n"
    ).encode()
    for _ in range(2):
        form = {"source": "kbnn.ca-mau", "dry_run": "true", "file": (io.BytesIO(content), "lk.csv")}
        answer = ingest.post_form("/v1/imports?profile=cumulative-statement", form, Idempotency_Key=key)
        assert (answer.status_code, answer.is_replayed) == (200, False), answer.text


def test_while_the_first_is_worked_on_the_second_is_told_to_wait(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, key = body(), str(uuid4())
    write, reached, go_on = log_writer.write, threading.Event(), threading.Event()

    def write_slowly(*arguments: Any) -> Any:
        reached.set()
        go_on.wait(10)
        return write(*arguments)

    monkeypatch.setattr(log_writer, "write", write_slowly)
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(send(ingest, sent, key)))
    first.start()
    reached.wait(10)
    second = send(ingest, sent, key)
    other = send(ingest, body(), key)
    go_on.set()
    first.join()
    assert (second.status_code, second.json["type"]) == (
        409,
        "urn:giaingan:problem:idempotency-key-in-flight",
    )
    assert int(second.retry_after) >= 1
    assert other.json["type"] == "urn:giaingan:problem:idempotency-key-reused"
    assert answers[0].status_code == 202
    assert send(ingest, sent, key).text == answers[0].text


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "khóa", "tab\tkey"])
def test_a_key_that_is_none_is_refused(ingest: Ingest, key: str) -> None:
    answer = send(ingest, body(), key)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert (error["code"], error["where"]) == ("string-pattern-mismatch", "Idempotency-Key")
    assert " / " in error["mend"]


def test_a_key_is_forgotten_after_thirty_days(ingest: Ingest) -> None:
    sent, key = body(), str(uuid4())
    assert send(ingest, sent, key).status_code == 202
    # Whatever other keys there are: no test counts on an old one.
    ingest.rows("UPDATE ingest.idempotency_key SET claimed_at = now() - interval '31 days' RETURNING 1")
    other = send(ingest, body(), key)
    assert (other.status_code, other.is_replayed) == (202, False)


def test_every_post_describes_the_header(ingest: Ingest) -> None:
    paths = ingest.get("/openapi.json").json["paths"]
    posts = {path: methods["post"] for path, methods in paths.items() if "post" in methods}
    assert len(posts) >= 6
    for path, operation in posts.items():
        headers = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"]
        assert headers == ["Idempotency-Key"], path
        assert "409" in operation["responses"], path


# --- a process that dies with the claim --------------------------------------------------------
