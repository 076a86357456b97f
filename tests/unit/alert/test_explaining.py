"""The sentences that explain an alert, with the numbers put in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.alert import explaining
from services.alert.alert_queries import ChangeRow
from services.alert.decision_words import PlanDecision
from services.alert.figures import figures_of
from services.alert.number_text import Language
from services.domain.course import Course
from services.domain.lag_rules import RuleName
from services.domain.plan import PlanBase
from services.domain.progress import CompletedWork, Progress
from tests.support import ca_mau
from tests.support.alert_examples import found, kept
from tests.support.alerting import FUND_SOURCES

AT = datetime(2022, 6, 1, 1, tzinfo=UTC)
BILLION = 10**9


def progress() -> Progress:
    """Cà Mau: 300 billion by the end of February, 700 by the end of April, 1,207.2 by the end of May."""
    plan = 3_551 * BILLION
    return replace(
        ca_mau.province(),
        known_at=AT,
        last_movement_date=date(2022, 5, 31),
        completed_work=CompletedWork(994_280_000_000, date(2022, 4, 30)),
        course=Course(
            (58, 119, 150),
            (300 * BILLION, 700 * BILLION, 1_207_200_000_000),
            (0, 0, 0),
            (0, 0, 0),
            (plan, plan, plan),
        ),
    )


def sentences(language: Language, *decisions: PlanDecision) -> str:
    finding = found(progress(), RuleName.BEHIND_TARGET)
    change = ChangeRow(
        change_id=UUID(int=1),
        sequence=1,
        transition="opened",
        severity="warning",
        rule_version=1,
        as_of=finding.as_of,
        figures={},
        reason_vi="vì",
        reason_en="because",
        recorded_at=AT,
        judged_on=finding.as_of,
        raised_on=finding.as_of,
        caused_by=None,
        correction_vi=None,
        correction_en=None,
    )
    said = explaining.sentences(
        kept(progress(), finding.rule),
        figures_of(finding),
        progress(),
        [change],
        language,
        fund_sources=FUND_SOURCES,
        plan_decisions=decisions,
    )
    return "\n".join(said).replace("\u00a0", " ")


DECISION = PlanDecision(
    decision_number="1210/QĐ-UBND",
    decision_date=date(2022, 4, 20),
    effective_date=date(2022, 5, 1),
    base=PlanBase.ADJUSTED,
    fund_source="local.lottery",
    amount=399 * BILLION,
)
IN_VIETNAMESE = """
mục tiêu của tỉnh: giữa 20,0 % ngày 31/03/2022 và 50,0 % ngày 30/06/2022: 20,0 % + (50,0 % − 20,0 %) × \
(5,00 − 3,00) / (6,00 − 3,00) = 40,0 %.
giữa 18,65 % ngày 30/04/2021 và 36,71 % ngày 31/07/2021
Từ 01/05/2022 đến 31/05/2022: giải ngân 507,2 tỷ đồng, kế hoạch theo mục tiêu của tỉnh 355,1 tỷ đồng; \
DPI = 1,43.
Vốn còn lại: 2.343,8 tỷ đồng; cần 334,8 tỷ đồng mỗi tháng để hết kế hoạch đến 31/12/2022; cần 293,0 tỷ \
đồng mỗi tháng
tháng cao nhất từ đầu năm: 507,2 tỷ đồng (05/2022).
SPI = 994,3 tỷ đồng khối lượng hoàn thành / kế hoạch theo mục tiêu của tỉnh đến 30/04/2022 = 0,93.
Tỷ lệ trên kế hoạch giao đầu năm: 1.207,2 tỷ đồng / 3.152,0 tỷ đồng = 38,3 %.
Để gỡ cảnh báo: giải ngân thêm 479,6 tỷ đồng tính đến 30/06/2022 = 0,95 × 50,0 % × 3.551,0 tỷ đồng \
− 1.207,2 tỷ đồng.
Dự báo đến 31/12/2022: 3.133,2 tỷ đồng (từ 3.018,0 tỷ đồng đến 3.248,4 tỷ đồng)
Theo nhịp độ lũy kế: 1.207,2 tỷ đồng + 1.207,2 tỷ đồng × (100,0 % − 40,0 %) / 40,0 % = 3.018,0 tỷ đồng.
Theo nhịp độ từ 28/02/2022: 1.207,2 tỷ đồng + 907,2 tỷ đồng × (100,0 % − 40,0 %) / (40,0 % − 13,33 %) = \
3.248,4 tỷ đồng.
Quyết định 1210/QĐ-UBND ngày 20/04/2022, hiệu lực từ 01/05/2022: 399,0 tỷ đồng, điều chỉnh, nguồn \
NSĐP xổ số kiến thiết (local.lottery).
"""
IN_ENGLISH = """
the province's target: between 20.0% on 31 March 2022 and 50.0% on 30 June 2022: 20.0% + (50.0% − \
20.0%) × (5.00 − 3.00) / (6.00 − 3.00) = 40.0%.
From 1 May 2022 to 31 May 2022: VND 507.2 billion disbursed where the province's target planned VND \
355.1 billion; DPI = 1.43.
To clear it: VND 479.6 billion more by 30 June 2022 = 0.95 × 50.0% × VND 3,551.0 billion − VND 1,207.2 \
billion.
Forecast for 31 December 2022: VND 3,133.2 billion (VND 3,018.0 billion to VND 3,248.4 billion)
By the cumulative pace: VND 1,207.2 billion + VND 1,207.2 billion × (100.0% − 40.0%) / 40.0% = VND \
3,018.0 billion.
Decision 1210/QĐ-UBND of 20 April 2022, in force since 1 May 2022: VND 399.0 billion, adjusted, fund \
source Local budget, lottery revenue (local.lottery).
"""


@pytest.mark.parametrize(("language", "lines"), [("vi", IN_VIETNAMESE), ("en", IN_ENGLISH)])
def test_every_figure_is_told_with_its_formula_and_numbers(language: Language, lines: str) -> None:
    """By hand: 0.95 x 50 % x 3,551 - 1,207.2 = 479.525; 1,207.2 x 60/40 = 1,810.8; 907.2 x 60/26.67 =
    2,041.2; 994.28 / (30 % x 3,551) = 0.933; 2,343.8 / 7 = 334.8 and / 8 = 293.0."""
    text = sentences(language, DECISION)
    for line in filter(None, lines.splitlines()):
        assert line in text


def test_decisions_beyond_the_first_are_counted() -> None:
    text = sentences("en", *[DECISION] * 23)
    assert text.count("Decision 1210/QĐ-UBND") == 20
    assert "Decisions not shown here: 3." in text
