"""An alert is explained later with the figures it was told with, and the ledger gives them again."""

from __future__ import annotations

import time
from typing import Any

from tests.support.stack import RunningStack

_PAID = 300_000_000_000
# An instant is settled that long after it (docs/adr/0016).
_SETTLED_SECONDS = 16


def _alert(stack: RunningStack) -> dict[str, Any]:
    found = stack.alerts(subject_type="province", province="96", rule="behind_target")
    (alert,) = found
    return alert


def _project(stack: RunningStack) -> dict[str, str]:
    for item in stack.get("aggregation", "/v1/projects", province="96", level="project")["items"]:
        for line in stack.get("aggregation", f"/v1/projects/{item['project_code']}")["lines"]:
            if line["series"] == "treasury_vouchers":
                return {"project_code": item["project_code"], "fund_source": line["fund_source"]}
    raise AssertionError("no project of the sample is paid by dated movements")


def test_what_was_told_is_explained_and_reckoned_again_after_corrections(stack: RunningStack) -> None:
    stack.load_sample()
    told = _alert(stack)
    assert told["state"] == "open"
    number = str(told["sequence"])
    payment = {
        "source": "kbnn.ca-mau",
        "source_ref": "late-payment-1",
        **_project(stack),
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": str(_PAID),
        "value_date": told["as_of"],
    }
    receipt = stack.post("ingest", "/v1/disbursements", {"movements": [payment]})
    stack.settle()
    cancelled = _alert(stack)
    assert cancelled["state"] == "cancelled"
    assert receipt["event_ids"][0] in cancelled["caused_by"]

    time.sleep(_SETTLED_SECONDS)
    path = f"/v1/alerts/{told['alert_id']}"
    explained = stack.get("alert", f"{path}/explanation", sequence=number)
    assert explained["change"]["finding"] == told["finding"]
    assert explained["change"]["reason_vi"] == told["reason_vi"]
    assert explained["movements"]["unavailable"] == ""
    assert explained["movements"]["items"]
    again = stack.get("alert", f"{path}/recomputation", sequence=number)
    assert again["unavailable"] == ""
    assert again["from_record"] == []
    assert again["from_ledger"] == []
    assert again["identical"]
