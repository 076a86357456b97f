"""Handling as people read it: in both languages, in the documents, in a feed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.alert import handling_faults
from services.alert.feed_content import content_html
from services.alert.handling_words import CAUSES, STAGES, STEPS
from services.alert.http_models import HandlingOut
from services.domain.handling import LEGAL, Cause, Handling, Level, Promise, Refusal, Stage, StepKind
from tests.support import tidy
from tests.support.alert_examples import ca_mau_alert
from tests.support.alerting import FUND_SOURCES

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_stages_causes_and_steps_are_documented_as_they_are_told() -> None:
    rows = tidy.table_rows((DOCS / "HANDLING.md").read_text(encoding="utf-8"))
    documented = {tuple(row[:3]) for row in rows if len(row) >= 3}
    assert {(cause.value, *CAUSES[cause].values()) for cause in Cause} <= documented
    assert {(stage.value, STAGES[stage]["vi"]) for stage in Stage} <= {row[:2] for row in documented}
    assert {kind.value for kind in StepKind} <= {row[0] for row in documented}


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_code_that_is_documented(refusal: Refusal) -> None:
    problem = handling_faults.refused(refusal, StepKind.SNOOZED, Stage.OPEN)
    rows = tidy.table_rows((DOCS / "ERRORS.md").read_text(encoding="utf-8"))
    assert [str(problem.problem.status)] == [row[1] for row in rows if row[0] == problem.code]
    vietnamese, _, english = problem.problem.detail.partition(" / ")
    assert vietnamese
    assert english


@pytest.mark.parametrize("stage", Stage)
def test_a_refusal_names_what_can_be_done(stage: Stage) -> None:
    said = handling_faults.refused(Refusal.NOT_FROM_HERE, StepKind.SNOOZED, stage).problem.detail
    for kind in StepKind:
        can = said.partition("it can ")[2].rstrip(".").split(", ")
        assert (STEPS[kind]["en"] in can) is (stage in LEGAL[kind])


def test_a_feed_tells_who_takes_care_of_an_alert() -> None:
    handling = Handling(
        Stage.SNOOZED,
        Level.HEAD_OF_UNIT,
        "Thủ trưởng <Ban A>",
        snoozed_until=datetime(2022, 7, 5, 9, 30, tzinfo=UTC),
        promise=Promise(Cause.SITE_CLEARANCE, date(2022, 7, 31)),
    )
    alert = ca_mau_alert()
    told = HandlingOut.of(handling, datetime(2022, 7, 1, tzinfo=UTC))
    said = content_html(alert.model_copy(update={"handling": told}), FUND_SOURCES)
    for part in (
        "<td>tạm hoãn / snoozed</td>",
        "<td>Thủ trưởng &lt;Ban A&gt;</td>",
        "<td>05/07/2022 16:30 (UTC+7)</td>",
        "<td>giải phóng mặt bằng, tái định cư / site clearance, resettlement</td>",
        "<td>31/07/2022</td>",
    ):
        assert part in said
    assert "Xử lý / Handling" not in content_html(alert, FUND_SOURCES)
