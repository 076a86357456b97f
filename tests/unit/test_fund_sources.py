"""A fund source is one that the policy names, whatever the door."""

from __future__ import annotations

import json

import pytest

from services.contracts.stated.models import BaselineScheduleIn, MovementIn
from services.domain.validation import Fact
from services.runtime.fund_sources import FundSourceNames, fund_source_faults
from tests.support import stated
from tests.unit.ingest.reading import POLICY

NAMES = FundSourceNames.load(POLICY)


def movement(fund_source: str) -> Fact:
    body = json.dumps(stated.movement(fund_source=fund_source))
    return MovementIn.model_validate_json(body).fact()


@pytest.mark.parametrize("code", list(NAMES.by_code))
def test_a_fund_source_of_the_policy_is_taken(code: str) -> None:
    assert list(fund_source_faults(movement(code), NAMES)) == []


def test_another_one_is_refused_with_the_nearest() -> None:
    (fault,) = fund_source_faults(movement("local.lotery"), NAMES)
    assert (fault.code, fault.where) == ("unknown-choice", "fund_source")
    assert fault.read == '"local.lotery"'
    assert "local.lottery (NSĐP xổ số kiến thiết)" in fault.mend


def test_a_curve_has_no_fund_source() -> None:
    curve = BaselineScheduleIn.model_validate_json(json.dumps(stated.schedule())).fact()
    assert list(fund_source_faults(curve, NAMES)) == []
