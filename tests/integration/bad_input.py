"""What every test of bad input asserts: the answer, its place and remedy; that nothing was half-posted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.ingest_stack import Answer, Ingest


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem, which has a short answer in both languages."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"urn:giaingan:problem:{code}", answer.text
    assert problem["status"] == status
    assert " / " in problem["title"], problem
    assert " / " in problem["detail"], problem
    assert len(answer.text) < 20_000
    return dict(problem)


def fault(
    answer: Answer, code: str, *, where: str, read: str | None = None, status: int = 422
) -> dict[str, Any]:
    """The only fault of a refused request."""
    problem = refused(answer, status, "invalid" if status == 422 else code)
    (error,) = problem["errors"]
    assert (error["code"], error["where"]) == (code, where), error
    if read is not None:
        assert error["read"] == read
    assert " / " in error["detail"], error
    assert " / " in error["mend"], error
    return dict(error)


@contextmanager
def nothing_posted(ingest: Ingest) -> Iterator[None]:
    """No event, receipt, reversal or project is there after the block that was not before."""

    def posted() -> list[tuple[Any, ...]]:
        return ingest.rows(
            "SELECT (SELECT count(*) FROM ingest.journal), (SELECT count(*) FROM ingest.receipt),"
            " (SELECT count(*) FROM ingest.reversal WHERE accepted_at IS NOT NULL),"
            " (SELECT count(*) FROM ingest.project_statement),"
            " (SELECT count(*) FROM access.audit WHERE action = 'ingest.accept')"
        )

    before = posted()
    yield
    assert posted() == before
