"""What an officer reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.alert import wording
from services.alert.number_text import Language
from services.domain.lag_rules import RuleName, Severity, unflagged
from services.domain.plan import BaselineKind
from services.domain.progress import FundLine, Progress, SubjectType
from tests.support import ca_mau
from tests.support.alert_examples import found, rules_of, said
from tests.support.ledger_text import ledger, without_books

BEHIND = RuleName.BEHIND_TARGET


def test_ca_mau_at_the_end_of_may_in_vietnamese() -> None:
    assert said(ca_mau.province(), BEHIND, "vi") == (
        "Đến 31/05/2022, Cà Mau giải ngân 1.207,2 tỷ đồng, đạt 34,0 % kế hoạch vốn đã điều chỉnh "
        "3.551,0 tỷ đồng, trong khi mục tiêu của tỉnh là 40,0 %. Chỉ số giải ngân 0,85, dưới ngưỡng 0,90; "
        "chậm 0,6 tháng so với mục tiêu, thiếu 213,2 tỷ đồng. "
        "Tuy vậy, tỷ lệ giải ngân vẫn cao hơn mức cả nước năm 2022: 22,37 % "
        "(trên kế hoạch Thủ tướng Chính phủ giao). "
        "Tuy vậy, tỷ lệ giải ngân vẫn cao hơn mức cả nước cùng kỳ năm trước (2021): 24,67 % "
        "(trên kế hoạch Thủ tướng Chính phủ giao; tính từ các kỳ công bố). "
        "Kế hoạch vốn theo điều chỉnh kế hoạch 2022, hiệu lực từ 01/05/2022. "
        "Đơn vị chịu trách nhiệm: Cà Mau; cán bộ phụ trách: chưa nêu."
    )


def test_ca_mau_at_the_end_of_may_in_english() -> None:
    assert said(ca_mau.province(), BEHIND, "en") == (
        "By 31 May 2022, Cà Mau had disbursed VND 1,207.2 billion, 34.0% of the adjusted plan of "
        "VND 3,551.0 billion, where the province's target is 40.0%. The disbursement index is 0.85, below "
        "the threshold of 0.90; 0.6 months behind the target, VND 213.2 billion short. "
        "It is nevertheless ahead of the national level of 2022: 22.37% (of the plan assigned by the Prime "
        "Minister). It is nevertheless ahead of the national level at that date of the previous year (2021): "
        "24.67% (of the plan assigned by the Prime Minister; worked out from the dates published). "
        "The plan is set by điều chỉnh kế hoạch 2022, in force since 1 May 2022. "
        "Accountable unit: Cà Mau; officer: not named."
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("vi", "Số liệu có phần ước thực hiện, chưa phải số đã hạch toán."),
        ("en", "The figures include an estimate that is not booked yet."),
    ],
)
def test_an_estimate_is_said_to_be_one(language: Language, text: str) -> None:
    assert text in said(ca_mau.province(includes_estimate=True), BEHIND, language)
    assert text not in said(ca_mau.province(), BEHIND, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("vi", "Sổ sách chỉ đến 31/05/2022, cũ hơn ngày làm việc 15/07/2022 khi xét."),
        ("en", "The books end on 31 May 2022, before the business date 15 July 2022 of this judgement."),
    ],
)
def test_books_older_than_the_business_date_are_said_to_be(language: Language, text: str) -> None:
    assert text in said(ca_mau.province(business_date=date(2022, 7, 15)), BEHIND, language)
    assert text not in said(ca_mau.province(), BEHIND, language)


def test_the_accountable_unit_and_officer_are_named() -> None:
    subject = replace(
        ca_mau.province().subject,
        type=SubjectType.PROJECT,
        name="Cầu sông Ông Đốc",
        owner_name="Ban Quản lý dự án xây dựng công trình giao thông",
        accountable_officer="Ông A",
    )
    text = said(ca_mau.province(subject=subject), BEHIND, "vi")
    assert (
        "Đơn vị chịu trách nhiệm: Ban Quản lý dự án xây dựng công trình giao thông; cán bộ phụ trách: Ông A."
        in text
    )


def test_behind_another_baseline_too_is_said_so() -> None:
    progress = ca_mau.province(disbursed=500_000_000_000)
    text = said(progress, BEHIND, "en")
    assert "It is also behind the national level of 2022: 22.37%" in text
    assert "nevertheless" not in text


def test_level_with_a_baseline_is_neither_ahead_nor_behind() -> None:
    level = ca_mau.schedule(BaselineKind.REGISTERED, "96", {date(2022, 5, 31): 3000})
    progress = replace(
        ca_mau.province(),
        lines=(FundLine("all", 1000, 1000, 0, 300),),
        baselines=(ca_mau.BASELINES[0], level),
    )
    assert "It is level with the registered schedule: 30.0% (of the plan)." in said(progress, BEHIND, "en")
    assert "bằng tiến độ đã đăng ký: 30,0 % (trên kế hoạch vốn)" in said(progress, BEHIND, "vi")


def test_an_index_just_below_the_threshold_is_not_shown_equal_to_it() -> None:
    progress = replace(
        ca_mau.province(),
        lines=(FundLine("all", 100_000, 100_000, 0, 35_990),),
        baselines=ca_mau.BASELINES[:1],
    )
    assert "index is 0.8998, below the threshold of 0.90" in said(progress, BEHIND, "en")


def test_the_other_rules_say_what_they_saw() -> None:
    nothing = ledger("2022-01-10 plan P1 350000000\n2022-03-31 target 20%\n2022-03-31 cutoff")
    text = said(nothing, RuleName.NOTHING_DISBURSED, "vi")
    assert text.startswith(
        "Đến 31/03/2022, P1 chưa giải ngân đồng nào trong kế hoạch vốn giao đầu năm 350,0 triệu đồng."
    )
    assert "cũng thấp hơn mục tiêu của tỉnh: 20,0 %" in text

    over = ledger("2022-01-10 plan P1 100 central\n2022-03-01 payment P1 130 central\n2022-03-31 cutoff")
    assert "30 đồng ở nguồn vốn central" in said(over, RuleName.OVER_PLAN, "vi")

    stale = ledger(
        "2022-01-10 plan 96 100\n2022-03-01 books\n2022-06-30 cutoff", subject_type=SubjectType.PROVINCE
    )
    assert said(stale, RuleName.SOURCE_STALE, "en").startswith(
        "Latest disbursement figures of 96: 1 March 2022; more than 45 days without new ones by the business "
        "date 30 June 2022."
    )

    below = ledger(
        "2022-01-10 plan 96 1000\n2022-05-31 national 22.37%\n2022-05-31 statement 96 100\n2022-05-31 cutoff",
        subject_type=SubjectType.PROVINCE,
    )
    text = said(below, RuleName.BELOW_NATIONAL_AVERAGE, "vi")
    assert "thấp hơn mức cả nước là 22,37 % (trên kế hoạch Thủ tướng Chính phủ giao)" in text


def test_silence_from_the_start_says_that_there_are_no_books() -> None:
    silent = without_books(
        ledger("2022-01-10 plan 96 100\n2022-06-30 cutoff", subject_type=SubjectType.PROVINCE)
    )
    assert found(silent, RuleName.SOURCE_STALE).severity is Severity.WARNING
    assert said(silent, RuleName.SOURCE_STALE, "vi").startswith("Số liệu giải ngân gần nhất của 96: chưa có;")


BETTER = ca_mau.province(disbursed=1_500_000_000_000)
WITHOUT_TARGET = replace(BETTER, baselines=ca_mau.BASELINES[1:])


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (BETTER, "the disbursement index is 1.06, no longer below the threshold of 0.90"),
        (WITHOUT_TARGET, "The rule no longer applies to Cà Mau, or there is nothing left to compare with."),
    ],
    ids=["caught up", "no target any more"],
)
def test_a_resolved_alert_says_why(progress: Progress, text: str) -> None:
    entry = rules_of(progress)[BEHIND]
    words = wording.resolved(unflagged(progress, entry.rule()), entry.text, "en")
    assert words.title == "Cà Mau: no longer behind target"
    assert text in words.reason
    assert "nevertheless" not in words.reason


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("rule", list(RuleName))
def test_every_rule_has_a_resolved_text_that_can_be_said(rule: RuleName, language: Language) -> None:
    entry = rules_of(BETTER)[rule]
    words = wording.resolved(unflagged(BETTER, entry.rule()), entry.text, language)
    assert "{" not in words.title + words.reason
    assert "no longer applies" not in words.reason
