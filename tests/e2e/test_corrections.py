"""A correction changes the totals and the alert; taken back, both are as before."""

from __future__ import annotations

from typing import Any

from tests.support.stack import RunningStack

# Enough to lift Cà Mau from 34 % over its target of 40 % of about 3,551 billion đồng.
_PAID = 300_000_000_000


def _disbursed(stack: RunningStack, day: str) -> int:
    summary = stack.get("aggregation", "/v1/summary", province="96", group_by="owner", as_of=day)
    disbursed: int = summary["total"]["disbursed"]
    return disbursed


def _behind_target(stack: RunningStack, state: str) -> list[dict[str, Any]]:
    alerts = stack.alerts(state=state, subject_type="province", province="96")
    return [alert for alert in alerts if alert["rule"] == "behind_target"]


def test_a_late_payment_and_its_reversal_move_totals_and_alert(stack: RunningStack) -> None:
    stack.load_sample()
    summary = stack.get("aggregation", "/v1/summary", province="96", group_by="owner")
    day = summary["books_through"]
    before = _disbursed(stack, day)
    (alert,) = _behind_target(stack, "open")
    project = _project_paid_by_voucher(stack)

    payment = {
        "source": "kbnn.ca-mau",
        "source_ref": "late-payment-1",
        "project_code": project["project_code"],
        "fund_source": project["fund_source"],
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": str(_PAID),
        "value_date": day,
    }
    receipt = stack.post("ingest", "/v1/disbursements", {"movements": [payment]})
    stack.settle()
    assert _disbursed(stack, day) == before + _PAID
    assert _behind_target(stack, "open") == []

    reversal = {
        **payment,
        "source_ref": "late-payment-1-reversal",
        "kind": "reversal",
        "reverses_event_id": receipt["event_ids"][0],
    }
    stack.post("ingest", "/v1/disbursements", {"movements": [reversal]})
    stack.settle()
    assert _disbursed(stack, day) == before
    (back,) = _behind_target(stack, "open")
    assert back["alert_id"] == alert["alert_id"]
    assert back["reason_en"] == alert["reason_en"]


def _project_paid_by_voucher(stack: RunningStack) -> dict[str, str]:
    """A line of Cà Mau whose dated movements count, so that one more of them counts too."""
    for item in stack.get("aggregation", "/v1/projects", province="96", level="project")["items"]:
        detail = stack.get("aggregation", f"/v1/projects/{item['project_code']}")
        for line in detail["lines"]:
            if line["series"] == "treasury_vouchers":
                return {"project_code": item["project_code"], "fund_source": line["fund_source"]}
    raise AssertionError("no project of the sample is paid by dated movements")
