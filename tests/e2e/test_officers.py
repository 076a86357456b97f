"""Whom the register names as the officer, the alert names."""

from __future__ import annotations

from tests.support.stack import RunningStack


def test_an_officer_assigned_to_a_project_is_named_in_its_alert(stack: RunningStack) -> None:
    stack.load_sample()
    alert = next(
        alert
        for alert in stack.alerts(state="open", subject_type="project", province="96")
        if alert["rule"] == "behind_target"
    )
    project = stack.get("aggregation", f"/v1/projects/{alert['subject']['code']}")["project"]
    officer = {
        "source": "so-noi-vu",
        "province_code": "96",
        "owner_code": project["owner_code"],
        "project_code": project["project_code"],
        "officer_name": "Nguyễn Văn Giám Sát",
        "effective_date": "2022-01-01",
    }
    assert officer["officer_name"] not in alert["reason_vi"]
    stack.post("ingest", "/v1/registers", {"officers": [officer]})
    stack.settle()

    after = stack.get("alert", f"/v1/alerts/{alert['alert_id']}")
    assert "cán bộ phụ trách: Nguyễn Văn Giám Sát" in after["reason_vi"]
    assert "officer: Nguyễn Văn Giám Sát" in after["reason_en"]
