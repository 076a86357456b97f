"""The control totals of a receipt."""

from __future__ import annotations

import json

from services.contracts.stated.models import BaselineScheduleIn, MovementIn, PlanRevisionIn, StatementLineIn
from services.domain.validation import Fact
from services.ingest import receipts
from services.ingest.receipts import Total
from tests.support import stated


def test_totals_are_of_the_amounts_as_stated_by_fund_source_and_currency() -> None:
    facts: list[Fact] = [
        MovementIn.model_validate_json(json.dumps(stated.movement(amount=5, source_ref="1"))).fact(),
        MovementIn.model_validate_json(json.dumps(stated.movement(amount=7, kind="refund"))).fact(),
        MovementIn.model_validate_json(json.dumps(stated.movement(amount=9, currency="USD"))).fact(),
        StatementLineIn.model_validate_json(json.dumps(stated.statement(fund_source="central"))).fact(),
        PlanRevisionIn.model_validate_json(json.dumps(stated.revision(fund_source="central"))).fact(),
        BaselineScheduleIn.model_validate_json(json.dumps(stated.schedule())).fact(),
    ]
    assert receipts.totals(facts) == [
        Total(fund_source="central", currency="VND", minor_units=7_000_000),
        Total(fund_source="local.balance", currency="USD", minor_units=9),
        Total(fund_source="local.balance", currency="VND", minor_units=12),
    ]
