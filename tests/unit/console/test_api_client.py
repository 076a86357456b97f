"""A question is asked again where the service says later; a refusal and silence are told in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import request

from deploy.embedded.servers import free_port
from services.console.api_client import XLSX, ApiClient, NoAnswerError, RefusedError
from tests.unit.console.doors import service


@contextmanager
def _deaf() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes what is sent and hangs up without an answer."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("status", [503, 429])
def test_a_question_and_a_decision_are_sent_again_after_the_time_named(status: int) -> None:
    answers: list[Any] = [({"title": "busy"}, status, {"Retry-After": "7"}), {"a": 1}] * 2
    waits: list[float] = []

    def answer() -> Any:
        return answers.pop(0)

    with service({"GET /x": answer, "POST /x": answer}) as url:
        client = ApiClient(url, "ggn_x", sleep=waits.append)
        assert client.get("/x", {"a": None, "b": 1}) == {"a": 1}
        assert client.post("/x", {}) == {"a": 1}
    assert waits == [7.0, 7.0]


def test_who_is_busy_for_longer_than_we_wait_is_told_with_its_title() -> None:
    busy = {"title": "Máy bận / busy"}
    with (
        service({"GET /x": lambda: (busy, 503, {"Retry-After": "60"})}) as url,
        pytest.raises(NoAnswerError, match="Máy bận"),
    ):
        ApiClient(url, "ggn_x", patience_seconds=1).get("/x")


def test_a_moment_in_retry_after_is_a_second() -> None:
    answers: list[Any] = [
        ({"title": "busy"}, 503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        {"a": 1},
    ]
    waits: list[float] = []
    with service({"GET /x": lambda: answers.pop(0)}) as url:
        ApiClient(url, "ggn_x", sleep=waits.append).get("/x")
    assert waits == [1.0]


def test_a_decision_that_may_have_arrived_is_not_sent_twice_and_a_question_is() -> None:
    with _deaf() as (url, heard):
        client = ApiClient(url, "ggn_x", patience_seconds=5, sleep=lambda _: None)
        with pytest.raises(NoAnswerError, match="kết nối bị ngắt / the connection was lost"):
            client.post("/x", {"reason": "r"})
        assert len(heard) == 1
        with pytest.raises(NoAnswerError):
            ApiClient(url, "ggn_x", patience_seconds=0.7, sleep=lambda _: None).get("/x")
        assert len(heard) > 2


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param(
            f"http://127.0.0.1:{free_port()}",
            "không có dịch vụ nào ở địa chỉ này / connection refused",
            id="a port that nobody listens on",
        ),
        ("http://nowhere.invalid", "không có máy tên như vậy / there is no host of that name"),
        ("nowhere", "không phải địa chỉ http:// / is no http:// address"),
        ("file:///etc/hosts", "không phải địa chỉ http:// / is no http:// address"),
        ("http://[", "is no http:// address"),
        ("http://127.0.0.1:99999", "is no http:// address"),
    ],
)
def test_nobody_there_is_told_in_words_without_a_number_of_the_system(url: str, said: str) -> None:
    with pytest.raises(NoAnswerError) as told:
        ApiClient(url, "ggn_x", patience_seconds=0).get("/x")
    assert said in str(told.value)
    assert "Errno" not in str(told.value)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            {"title": "Không được / not allowed", "status": 403, "detail": "Hỏi quản trị. / Ask."},
            "Không được. Hỏi quản trị. / not allowed. Ask.",
        ),
        (
            {"title": "Not found", "status": 404},
            "Bị từ chối: không tìm thấy / refused: Not found.",
        ),
        ({"title": "Odd", "status": 418}, "Bị từ chối: dịch vụ không nhận / refused: Odd."),
    ],
)
def test_a_refusal_is_told_in_vietnamese_then_in_english(problem: dict[str, Any], said: str) -> None:
    with (
        service({"GET /x": lambda: (problem, problem["status"])}) as url,
        pytest.raises(RefusedError) as told,
    ):
        ApiClient(url, "ggn_x").get("/x")
    assert str(told.value) == said
    assert told.value.problem == problem


def test_what_is_no_json_or_no_problem_is_told() -> None:
    with service({"GET /x": lambda: "<html>", "GET /y": lambda: ("<html>", 502)}) as url:
        client = ApiClient(url, "ggn_x", patience_seconds=0)
        with pytest.raises(NoAnswerError, match="no JSON"):
            client.get("/x")
        with pytest.raises(RefusedError, match="502"):
            client.get("/y")


def test_a_file_is_fetched_as_it_is() -> None:
    def answer() -> Any:
        assert request.headers["Accept"] == XLSX
        assert request.headers["Authorization"] == "Bearer ggn_x"
        return b"PK", 200, {"Content-Type": XLSX}

    with service({"GET /x": answer}) as url:
        found = ApiClient(url, "ggn_x").fetch("/x", accept=XLSX)
    assert (found.content, found.is_refusal) == (b"PK", False)
