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
        # Before any day on which the alert can have been raised while the sample came in.
        "value_date": "2022-03-01",
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


# Cà Mau's target asks 20 % by 31 March and 40 % by 31 May.
_PLAN = 1_000_000_000
_LINE = {
    "source": "skhdt.ca-mau",
    "project_code": "96-GIAI-TRINH",
    "project_name": "Đường ven biển, đoạn thử",
    "owner_code": "96-BQLDA-GT",
    "owner_name": "Ban QLDA giao thông",
    "fund_source": "local.balance",
    "province_code": "96",
    "budget_year": 2022,
    "base": "initial",
    "amount": _PLAN,
    "decision_number": "3626/QĐ-UBND",
    "decision_date": "2021-12-10",
    "effective_date": "2022-01-01",
}


def _paid(ref: str, day: str, amount: int) -> dict[str, Any]:
    return {
        "source": "kbnn.ca-mau",
        "source_ref": ref,
        "project_code": _LINE["project_code"],
        "fund_source": _LINE["fund_source"],
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": str(amount),
        "value_date": day,
    }


def test_a_revision_updates_and_a_late_reversal_opens_in_the_past(stack: RunningStack) -> None:
    stack.load_sample()
    province = _alert(stack)
    stack.post("ingest", "/v1/plans", {"revisions": [_LINE]})
    early, later = _paid("e-1", "2022-03-15", 600_000_000), _paid("e-2", "2022-05-15", 100_000_000)
    receipt = stack.post("ingest", "/v1/disbursements", {"movements": [early, later]})
    stack.settle()
    assert _of_project(stack) == []

    updated = _alert(stack)
    assert (updated["state"], updated["transition"]) == ("open", "updated")
    assert updated["finding"]["plan"]["current"] == province["finding"]["plan"]["current"] + _PLAN
    reversal = {
        **early,
        "source_ref": "e-1-r",
        "kind": "reversal",
        "reverses_event_id": receipt["event_ids"][0],
    }
    reversed_by = stack.post("ingest", "/v1/disbursements", {"movements": [reversal]})
    stack.settle()
    (opened,) = _of_project(stack)
    assert (opened["state"], opened["transition"]) == ("open", "opened")
    assert reversed_by["event_ids"][0] in opened["caused_by"]
    assert "31/03/2022" in opened["correction_vi"]
    assert "31 March 2022" in opened["correction_en"]

    # The plan is revised: ten times as much. What was told before is explained with the plan of then.
    revised = {
        **_LINE,
        "base": "adjusted",
        "amount": 10 * _PLAN,
        "decision_number": "900/QĐ-UBND",
        "decision_date": "2022-05-10",
        "effective_date": "2022-05-20",
    }
    stack.post("ingest", "/v1/plans", {"revisions": [revised]})
    stack.settle()
    (revised_alert,) = _of_project(stack)
    assert revised_alert["transition"] == "updated"
    assert revised_alert["sequence"] == opened["sequence"] + 1
    assert revised_alert["finding"]["plan"]["current"] == 10 * _PLAN

    time.sleep(_SETTLED_SECONDS)
    path = f"/v1/alerts/{opened['alert_id']}"
    for told, plan, decisions in (
        (opened, _PLAN, {"3626/QĐ-UBND"}),
        (revised_alert, 10 * _PLAN, {"3626/QĐ-UBND", "900/QĐ-UBND"}),
    ):
        number = str(told["sequence"])
        explained = stack.get("alert", f"{path}/explanation", sequence=number)
        assert explained["change"]["finding"]["plan"]["current"] == plan
        assert {each["decision_number"] for each in explained["plan_decisions"]} == decisions
        for decision in decisions:
            assert any(decision in each for each in explained["sentences_vi"])
        again = stack.get("alert", f"{path}/recomputation", sequence=number)
        assert again["identical"], again


def _of_project(stack: RunningStack) -> list[dict[str, Any]]:
    found = stack.alerts(subject_type="project", rule="behind_target")
    return [each for each in found if each["subject"]["code"] == _LINE["project_code"]]
