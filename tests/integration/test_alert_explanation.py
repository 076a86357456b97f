"""A change of an alert is explained for ever as it was told, and reckons again to the same figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.domain.course import Course
from tests.support import ca_mau
from tests.support.alerting import Desk, migrated

KNOWN_AT = datetime(2022, 6, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(database_url: str) -> Desk:
    migrated(database_url)
    desk = Desk(database_url)
    first = replace(
        ca_mau.province(version=1),
        known_at=KNOWN_AT,
        course=Course((150,), (1_207_200_000_000,), (0,), (0,), (3_551_000_000_000,)),
    )
    desk.judge(first)
    desk.judge(ca_mau.province(version=2, disbursed=1_250_000_000_000))
    return desk


def answered(desk: Desk, path: str, **query: str) -> Any:
    """The JSON of a 200."""
    answer = desk.client().get(f"/v1/alerts/{alert_id(desk)}/{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def alert_id(desk: Desk) -> str:
    ((found,),) = desk.rows("SELECT id FROM alert.alert WHERE rule = 'behind_target'")
    return str(found)


def test_an_earlier_change_is_explained_as_it_was_told(desk: Desk) -> None:
    explained = answered(desk, "explanation", sequence="1")
    assert explained["change"]["finding"]["disbursed"] == 1_207_200_000_000
    assert [each["sequence"] for each in explained["history"]] == [1]
    english = "\n".join(explained["sentences_en"]).replace("\u00a0", " ")
    assert "DPI = VND 1,207.2 billion / (40.0% × VND 3,551.0 billion) = 0.85." in english
    assert "20.0% + (50.0% − 20.0%) × (5.00 − 3.00) / (6.00 − 3.00) = 40.0%" in english
    assert explained["rule_definition"]["policy"]["rules"][0]["threshold"] == "9/10"
    # Nothing answers there: the explanation does, and says where to ask.
    assert explained["movements"]["items"] == []
    assert "/v1/subjects/province/96/evidence?as_of=2022-05-31" in explained["movements"]["unavailable"]


def test_the_last_change_up_to_an_instant(desk: Desk) -> None:
    ((first, last),) = desk.rows(
        "SELECT min(recorded_at), max(recorded_at) FROM alert.alert_change WHERE alert_id = %s",
        alert_id(desk),
    )
    assert first < last
    client, path = desk.client(), f"/v1/alerts/{alert_id(desk)}/explanation"
    answers = [
        answered(desk, "explanation", at=each.isoformat())["change"]["sequence"] for each in (first, last)
    ]
    assert answers == [1, 2]
    assert client.get(path, query_string={"at": "2020-01-01T00:00:00Z"}).status_code == 404


def test_the_sentences_alone(desk: Desk) -> None:
    client, path = desk.client(), f"/v1/alerts/{alert_id(desk)}/explanation"
    by_accept = client.get(path, headers={"Accept": "text/plain"})
    by_query = client.get(path, query_string={"format": "text"})
    assert by_accept.mimetype == by_query.mimetype == "text/plain"
    assert by_accept.text == by_query.text
    assert "Tỷ lệ giải ngân = " in by_query.text
    assert "Tỷ lệ giải ngân = " not in client.get(path, query_string={"format": "text", "lang": "en"}).text


def test_another_unit_is_told_nothing(desk: Desk) -> None:
    path = f"/v1/alerts/{alert_id(desk)}/explanation"
    assert desk.client(unit="49").get(path).status_code == 404
    assert desk.client(unit="96").get(path).status_code == 200


def test_judged_again_from_its_record_every_figure_is_the_same(desk: Desk) -> None:
    for sequence in (1, 2):
        found = answered(desk, "recomputation", sequence=str(sequence))
        assert found["from_record"] == []
        # Aggregation was not there to ask.
        assert found["unavailable"]
        assert not found["identical"]


def test_a_rule_is_kept_once(desk: Desk) -> None:
    kept = desk.rows("SELECT count(DISTINCT rule_digest), count(*) FROM alert.alert_change")
    (definitions,) = desk.rows("SELECT count(*) FROM alert.rule_definition")
    assert kept[0][0] == definitions[0]
    assert date(2022, 5, 31) in {day for (day,) in desk.rows("SELECT judged_on FROM alert.alert_change")}
