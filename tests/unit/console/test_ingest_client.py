"""A file reaches ingest as it is, is sent again where ingest says later, and a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from flask import request

from deploy.embedded.servers import free_port
from services.console.api_client import XLSX, ApiClient, NoAnswerError, RefusedError
from services.console.ingest_client import Ingest, OfficeFile
from tests.unit.console.doors import service


def _ingest(answer: Callable[[], Any]) -> AbstractContextManager[str]:
    """A server that answers POST /v1/imports with what ``answer`` gives."""
    return service({"POST /v1/imports": answer})


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
                "profile": request.args.to_dict(),
                "fields": dict(request.form),
                "name": sent.filename,
                "content": list(sent.read()),
            },
            202,
            {},
        )

    with _ingest(answer) as url:
        receipt = Ingest(ApiClient(url, "ggn_x")).send(
            OfficeFile(file, "carry-over", "sở.tài-chính", {"unit": "triệu đồng", "as_of": "2022-05-31"})
        )
    assert receipt["sent"] == "Bearer ggn_x"
    assert receipt["profile"] == {"profile": "carry-over"}
    assert receipt["fields"] == {
        "source": "sở.tài-chính",
        "dry_run": "false",
        "unit": "triệu đồng",
        "as_of": "2022-05-31",
    }
    assert receipt["name"] == "kế hoạch _2022_.csv"
    assert bytes(receipt["content"]) == file.read_bytes()


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_ingest_is_asked_again_after_the_time_it_names(file: Path, status: int) -> None:
    answers = [({"title": "busy"}, status, {"Retry-After": "7"}), ({"new": 1}, 202, {})]
    waits: list[float] = []
    with _ingest(lambda: answers.pop(0)) as url:
        receipt = Ingest(ApiClient(url, "ggn_x", sleep=waits.append)).send(OfficeFile(file, "plan", "s"))
    assert receipt == {"new": 1}
    assert waits == [7.0]


def test_a_refusal_is_told_with_its_faults(file: Path) -> None:
    problem = {"title": "Refused", "errors": [{"where": "Sheet1!B3", "detail": "no number"}]}
    with _ingest(lambda: (problem, 422, {})) as url, pytest.raises(RefusedError) as refused:
        Ingest(ApiClient(url, "ggn_x")).send(OfficeFile(file, "plan", "s"))
    assert refused.value.problem == problem


def test_an_answer_that_is_no_problem_is_told_by_its_status(file: Path) -> None:
    with _ingest(lambda: ("<html>", 502, {})) as url, pytest.raises(RefusedError, match="502"):
        Ingest(ApiClient(url, "ggn_x")).send(OfficeFile(file, "plan", "s"))


def test_nobody_there_is_told_when_patience_ends(file: Path) -> None:
    with pytest.raises(NoAnswerError, match="refused"):
        Ingest(ApiClient(f"http://127.0.0.1:{free_port()}", "ggn_x", patience_seconds=0.1)).send(
            OfficeFile(file, "plan", "s")
        )


def test_how_much_is_sent_is_told_until_all_is(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * 200_000)
    told: list[tuple[int, int]] = []
    with _ingest(
        lambda: ({"length": request.content_length, "read": len(request.get_data())}, 202, {})
    ) as url:
        receipt = Ingest(ApiClient(url, "ggn_x")).send(
            OfficeFile(file, "plan", "s"), on_sent=lambda sent, total: told.append((sent, total))
        )
    assert receipt["length"] > 200_000
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    assert told[-1] == (receipt["length"], receipt["length"])
    assert len(told) > 2


def test_a_refused_file_is_fetched_with_its_marks_without_being_sent_for_good(file: Path) -> None:
    def answer() -> Any:
        assert request.form["dry_run"] == "true"
        assert request.headers["Accept"] == XLSX
        return b"PK marked", 422, {"Content-Type": XLSX}

    with _ingest(answer) as url:
        assert Ingest(ApiClient(url, "ggn_x")).marked(OfficeFile(file, "plan", "s")) == b"PK marked"
    with _ingest(lambda: ({"new": 1}, 200, {})) as url:
        assert Ingest(ApiClient(url, "ggn_x")).marked(OfficeFile(file, "plan", "s")) is None
