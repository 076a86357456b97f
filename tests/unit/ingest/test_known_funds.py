"""A fund source is one that the policy names, whatever the door."""

from __future__ import annotations

import json

import pytest

from services.contracts.stated.models import BaselineScheduleIn, MovementIn
from services.ingest import known_funds
from services.ingest.stated_fact import StatedFact
from services.runtime.fund_sources import FundSourceNames
from tests.support import stated
from tests.unit.ingest.reading import POLICY

NAMES = FundSourceNames.load(POLICY)


def movement(fund_source: str) -> StatedFact:
    body = json.dumps(stated.movement(fund_source=fund_source))
    return StatedFact(MovementIn.model_validate_json(body).fact(), "movements.0.")


@pytest.mark.parametrize("code", list(NAMES.by_code))
def test_a_fund_source_of_the_policy_is_taken(code: str) -> None:
    assert list(known_funds.unknown([movement(code)], NAMES)) == []


def test_another_one_is_refused_with_the_nearest() -> None:
    (fault,) = known_funds.unknown([movement("local.lotery")], NAMES)
    assert (fault.code, fault.where) == ("unknown-choice", "movements.0.fund_source")
    assert fault.read == '"local.lotery"'
    assert "local.lottery (NSĐP xổ số kiến thiết)" in fault.mend


def test_a_curve_has_no_fund_source() -> None:
    curve = BaselineScheduleIn.model_validate_json(json.dumps(stated.schedule())).fact()
    assert list(known_funds.unknown([StatedFact(curve, "")], NAMES)) == []
