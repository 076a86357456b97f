"""What a newcomer sees after ``make run``: published figures of 2022, added up and judged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import etree

from tests.e2e.outcome import outcome, repeated_alerts, set_aside
from tests.support.stack import RunningStack
from tests.support.tidy import ROOT

_ATOM = "{http://www.w3.org/2005/Atom}"


def _one_decimal(figures: dict[str, Any]) -> str:
    return str(Decimal(figures["execution_rate_percent"]).quantize(Decimal("0.1")))


def test_quang_nam_disbursed_what_was_published(loaded: RunningStack) -> None:
    summary = loaded.get(
        "aggregation", "/v1/summary", province="49", group_by="fund_source", as_of="2022-07-31"
    )
    groups = {group["key"]: group["figures"] for group in summary["groups"]}
    assert _one_decimal(summary["total"]) == "35.7"
    assert _one_decimal(groups["central"]) == "13.7"
    assert _one_decimal(groups["local"]) == "42.6"
    # Million đồng as published; the system counts đồng.
    assert groups["central"]["current_plan"] == 1_404_126_000_000
    assert groups["central"]["disbursed"] == 192_357_000_000
    assert groups["local"]["current_plan"] == 4_457_138_000_000
    assert groups["local"]["disbursed"] == 1_900_559_000_000


def _ca_mau_alert(stack: RunningStack) -> dict[str, Any]:
    (alert,) = [
        alert
        for alert in stack.alerts(state="open", subject_type="province", province="96")
        if alert["rule"] == "behind_target"
    ]
    return alert


def test_ca_mau_is_behind_its_target_and_ahead_of_the_nation(loaded: RunningStack) -> None:
    alert = _ca_mau_alert(loaded)
    for figure in ("34", "40", "0.85", "0.6", "22.37"):
        assert figure in alert["reason_en"]
    for figure in ("34", "40", "0,85", "0,6", "22,37"):
        assert figure in alert["reason_vi"]
    assert "31/05/2022" in alert["reason_vi"]


def test_the_feeds_tell_the_alert(loaded: RunningStack) -> None:
    alert_id = _ca_mau_alert(loaded)["alert_id"]
    feed = etree.fromstring(loaded.text("alert", "/feeds/alerts.atom").encode())
    etree.RelaxNG(file=str(ROOT / "tests" / "contract" / "atom.rng")).assertValid(feed)
    ids = [entry.findtext(f"{_ATOM}id") or "" for entry in feed.iter(f"{_ATOM}entry")]
    assert len(ids) == len(set(ids))
    assert any(alert_id in entry for entry in ids)
    items = loaded.get("alert", "/feeds/alerts.json")["items"]
    assert any(alert_id in item["id"] for item in items)


def test_the_same_files_again_change_nothing(loaded: RunningStack) -> None:
    before = outcome(loaded)
    again = loaded.load_sample()
    assert again.new == 0
    assert again.duplicate > 0
    assert again.conflicting == 0
    assert outcome(loaded) == before


def test_nothing_of_the_sample_is_set_aside(loaded: RunningStack) -> None:
    assert set_aside(loaded) == []
    assert repeated_alerts(loaded) == []


def test_every_service_answers_health_metrics_and_documents(loaded: RunningStack) -> None:
    for name in loaded.services:
        assert loaded.get(name, "/healthz") == {"status": "ok"}
        assert loaded.get(name, "/readyz") == {"status": "ready"}
        assert "giaingan_http_requests_total" in loaded.text(name, "/metrics")
        assert loaded.get(name, "/openapi.json")["openapi"].startswith("3.1")
        page = loaded.text(name, "/docs/")
        assert 'src="http' not in page
        assert 'href="http' not in page
