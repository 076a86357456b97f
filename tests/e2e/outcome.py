"""What must be the same whatever happened on the way: every total, and every open alert with its reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.stack import RunningStack

PROVINCES = ("49", "96")
GROUPINGS = ("owner", "fund_source", "month")


def outcome(stack: RunningStack) -> dict[str, Any]:
    """Totals by every grouping, and the open alerts by id."""
    summaries = {
        (province, grouping): stack.get(
            "aggregation", "/v1/summary", province=province, group_by=grouping, as_of="2022-07-31"
        )
        for province in PROVINCES
        for grouping in GROUPINGS
    }
    alerts = {alert["alert_id"]: alert["reason_en"] for alert in stack.alerts(state="open")}
    return {"summaries": summaries, "alerts": alerts}


def repeated_alerts(stack: RunningStack) -> list[Any]:
    """Subjects that have more than one alert of a rule and budget year, in whatever state."""
    counts = Counter(
        (alert["subject"]["type"], alert["subject"]["code"], alert["rule"], alert["budget_year"])
        for alert in stack.alerts()
    )
    return [subject for subject, count in counts.items() if count > 1]


def set_aside(stack: RunningStack) -> list[Any]:
    """Events in quarantine or in conflict: the sample has none."""
    found: list[Any] = stack.get("aggregation", "/v1/quarantine")["items"]
    found += stack.get("aggregation", "/v1/conflicts")["items"]
    return found
