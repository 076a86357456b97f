"""What the HTTP server and its framework refuse by themselves is told in both languages too."""

from __future__ import annotations

import json

import pytest

from services.runtime.api import Api
from services.runtime.http_problems import http_problem
from tests.support.access import gate_without_database


@pytest.mark.parametrize("status", [400, 404, 405, 411, 413, 415, 418, 431, 501])
def test_every_status_has_a_title_and_a_remedy_in_both_languages(status: int) -> None:
    problem = http_problem(status, "Bad Thing", "Bad URI").problem
    assert (problem.type, problem.status) == ("urn:giaingan:problem:bad-thing", status)
    for text in (problem.title, problem.detail):
        vietnamese, _, english = text.partition(" / ")
        assert not vietnamese.isascii()
        assert english
    # What the server says stands in the English half.
    assert problem.detail.endswith("(Bad URI)")


def test_an_address_that_is_not_there_is_told_so() -> None:
    api = Api(service="asked", title="asked", description="", gate=gate_without_database())
    answer = api.app.test_client().get("/v1/nothing")
    problem = json.loads(answer.text)
    assert (answer.status_code, problem["type"]) == (404, "urn:giaingan:problem:not-found")
    assert problem["title"] == "Không có địa chỉ này / there is no such address"
