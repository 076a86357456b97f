"""A file reaches ingest as it is, is sent again where ingest says later, and a refusal is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from deploy.embedded.servers import free_port
from services.import_client import NoAnswerError, RefusedError, send_file


@contextmanager
def _ingest(answer: Callable[[], Any]) -> Iterator[str]:
    """A server that answers POST /v1/imports with what ``answer`` gives."""
    app = Flask("ingest")
    app.add_url_rule("/v1/imports", view_func=answer, methods=["POST"])
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'kế hoạch "2022".csv'
    path.write_bytes(b"a;b\r\n\x00\xff--\r\n")
    return path


def test_the_file_and_its_fields_arrive_unchanged(file: Path) -> None:
    def answer() -> Any:
        sent = request.files["file"]
        return (
            {
                "sent": request.headers["Authorization"],
                "fields": dict(request.form),
                "name": sent.filename,
                "content": list(sent.read()),
            },
            202,
            {},
        )

    with _ingest(answer) as url:
        receipt = send_file(file, profile="plan", source="sở.tài-chính", token="ggn_x", ingest_url=url)
    assert receipt["sent"] == "Bearer ggn_x"
    assert receipt["fields"] == {"source": "sở.tài-chính", "dry_run": "false"}
    assert receipt["name"] == "kế hoạch _2022_.csv"
    assert bytes(receipt["content"]) == file.read_bytes()


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_ingest_is_asked_again_after_the_time_it_names(file: Path, status: int) -> None:
    answers = [({"title": "busy"}, status, {"Retry-After": "7"}), ({"new": 1}, 202, {})]
    waits: list[float] = []
    with _ingest(lambda: answers.pop(0)) as url:
        receipt = send_file(
            file, profile="plan", source="s", token="ggn_x", ingest_url=url, sleep=waits.append
        )
    assert receipt == {"new": 1}
    assert waits == [7.0]


def test_a_refusal_is_told_with_its_faults(file: Path) -> None:
    problem = {"title": "Refused", "errors": [{"where": "Sheet1!B3", "detail": "no number"}]}
    with _ingest(lambda: (problem, 422, {})) as url, pytest.raises(RefusedError) as refused:
        send_file(file, profile="plan", source="s", token="ggn_x", ingest_url=url)
    assert refused.value.problem == problem


def test_an_answer_that_is_no_problem_is_told_by_its_status(file: Path) -> None:
    with _ingest(lambda: ("<html>", 502, {})) as url, pytest.raises(RefusedError, match="502"):
        send_file(file, profile="plan", source="s", token="ggn_x", ingest_url=url)


def test_nobody_there_is_told_when_patience_ends(file: Path) -> None:
    with pytest.raises(NoAnswerError, match="refused"):
        send_file(
            file,
            profile="plan",
            source="s",
            token="ggn_x",
            ingest_url=f"http://127.0.0.1:{free_port()}",
            patience_seconds=0.1,
        )
