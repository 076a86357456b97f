"""What an officer reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.alert import wording
from services.alert.number_text import Language
from services.domain.lag_rules import RuleName, Severity
from services.domain.plan import BaselineKind
from services.domain.progress import FundLine, Progress, SourceReach, SubjectType
from services.domain.verdict import evaluate, unflagged
from tests.support import ca_mau
from tests.support.alert_examples import found, policy_of, rules_of, said, told
from tests.support.alerting import FUND_SOURCES
from tests.support.ledger_text import ledger, without_books

BEHIND = RuleName.BEHIND_TARGET


def test_ca_mau_at_the_end_of_may_in_vietnamese() -> None:
    assert said(ca_mau.province(), BEHIND, "vi") == (
        "Đến 31/05/2022, Cà Mau giải ngân 1.207,2 tỷ đồng, đạt 34,0 % kế hoạch vốn đã điều chỉnh "
        "3.551,0 tỷ đồng, trong khi mục tiêu của tỉnh là 40,0 % (nội suy giữa các mốc tỉnh đã giao). "
        "Chỉ số giải ngân 0,85, dưới ngưỡng 0,90; chậm 0,6 tháng so với mức đó, thiếu 213,2 tỷ đồng. "
        "Để gỡ cảnh báo: giải ngân thêm 142,2 tỷ đồng tính đến 31/05/2022; "
        "479,6 tỷ đồng tính đến 30/06/2022. "
        "Tuy vậy, tỷ lệ giải ngân vẫn cao hơn mức cả nước năm 2022: 22,37 % "
        "(trên kế hoạch Thủ tướng Chính phủ giao). "
        "Tỷ lệ giải ngân cũng cao hơn mức cả nước cùng kỳ năm trước (2021): 24,67 % "
        "(trên kế hoạch Thủ tướng Chính phủ giao; nội suy giữa các kỳ công bố). "
        "Căn cứ kế hoạch vốn: điều chỉnh kế hoạch 2022; hiệu lực từ 01/05/2022. "
        "Đơn vị chịu trách nhiệm: Cà Mau; cán bộ phụ trách: chưa nêu."
    )


def test_ca_mau_at_the_end_of_may_in_english() -> None:
    assert said(ca_mau.province(), BEHIND, "en") == (
        "By 31 May 2022, Cà Mau had disbursed VND 1,207.2 billion, 34.0% of the adjusted plan of "
        "VND 3,551.0 billion, where the province's target is 40.0% (interpolated between the milestones "
        "set). The disbursement index is 0.85, below the threshold of 0.90; 0.6 months behind it, "
        "VND 213.2 billion short. To clear it: VND 142.2 billion more by 31 May 2022; "
        "VND 479.6 billion more by 30 June 2022. "
        "It is nevertheless ahead of the national level of 2022: 22.37% (of the plan assigned by the Prime "
        "Minister). It is also ahead of the national level at that date of the previous year (2021): "
        "24.67% (of the plan assigned by the Prime Minister; interpolated between the dates published). "
        "Basis of the plan: điều chỉnh kế hoạch 2022; in force since 1 May 2022. "
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
        ("vi", "Số liệu mới có đến 31/05/2022, trong khi ngày xét là 15/07/2022."),
        ("en", "The books end on 31 May 2022; this was judged on 15 July 2022."),
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
        "Đến 31/03/2022, P1 chưa giải ngân đồng nào trong kế hoạch vốn 350,0 triệu đồng. "
        "Theo mục tiêu của tỉnh, đến ngày này phải giải ngân 70,0 triệu đồng (20,0 %). "
        "Để gỡ cảnh báo: có thêm một lần giải ngân, dù nhỏ, tính đến 31/03/2022. "
        "Căn cứ kế hoạch vốn: "
    )

    stale = ledger(
        "2022-01-10 plan 96 100\n2022-03-01 books\n2022-06-30 cutoff", subject_type=SubjectType.PROVINCE
    )
    assert said(stale, RuleName.SOURCE_STALE, "en").startswith(
        "Latest disbursement figures of 96: 1 March 2022. By 30 June 2022 a source of them had been silent "
        "for more than 45 days. Missing figures do not mean that it lags; a new report is needed."
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
    assert said(silent, RuleName.SOURCE_STALE, "vi").startswith(
        "Số liệu giải ngân gần nhất của 96: chưa có. "
    )


@pytest.mark.parametrize(
    ("cutoff", "asked"),
    [
        ("2022-03-31", "By that day the province's target asked for VND 20 (20.0%)."),
        (
            "2022-05-31",
            (
                "By that day the province's target asked for VND 40 "
                "(40.0%; interpolated between the milestones set)."
            ),
        ),
    ],
)
def test_nothing_disbursed_says_what_the_target_asks_for_and_compares_nothing(
    cutoff: str, asked: str
) -> None:
    nothing = ledger(
        "2022-01-10 plan P1 100\n2022-03-31 target 20%\n2022-06-30 target 50%\n2022-03-31 national 9%\n"
        f"{cutoff} cutoff"
    )
    text = said(nothing, RuleName.NOTHING_DISBURSED, "en")
    assert asked in text
    assert "behind" not in text
    without_target = replace(nothing, baselines=())
    assert "target" not in said(without_target, RuleName.NOTHING_DISBURSED, "en")


@pytest.mark.parametrize(
    ("language", "title", "reason"),
    [
        (
            "vi",
            "P1: nguồn NSĐP xổ số kiến thiết giải ngân vượt kế hoạch 30 đồng",
            "vượt kế hoạch 30 đồng ở nguồn vốn NSĐP xổ số kiến thiết.",
        ),
        (
            "en",
            "P1: VND 30 beyond the plan of Local budget, lottery revenue",
            "VND 30 beyond the plan of the fund source Local budget, lottery revenue.",
        ),
    ],
)
def test_over_plan_calls_the_fund_source_by_its_name(language: Language, title: str, reason: str) -> None:
    over = ledger(
        "2022-01-10 plan P1 100 local.lottery\n2022-03-01 payment P1 130 local.lottery\n2022-03-31 cutoff"
    )
    words = told(over, RuleName.OVER_PLAN, language)
    assert words.title == title
    assert reason in words.reason
    assert "local.lottery" not in words.title + words.reason


STATED = "2022-01-10 plan P1 1000\n2022-03-31 target 20%\n2022-06-30 target 50%\n"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("2022-06-30 statement P1 100\n2022-06-30 cutoff", "target is 50.0%. "),
        (
            "2022-05-31 statement P1 100\n2022-05-31 cutoff",
            "target is 40.0% (interpolated between the milestones set). ",
        ),
        ("2022-07-31 statement P1 100\n2022-07-31 cutoff", "target is 50.0% (the last milestone set). "),
    ],
    ids=["stated", "between two", "past the last"],
)
@pytest.mark.parametrize("province_code", ["96", "49"])
def test_a_target_that_is_not_stated_for_the_day_says_how_it_was_found(
    text: str, note: str, province_code: str
) -> None:
    progress = ledger(STATED + text, province_code=province_code)
    assert note in said(progress, BEHIND, "en")


def test_a_target_compared_with_says_how_it_was_found_too() -> None:
    over = ledger(STATED + "2022-05-01 payment P1 1300\n2022-05-31 cutoff")
    assert (
        "cao hơn mục tiêu của tỉnh: 40,0 % (trên kế hoạch vốn; nội suy giữa các mốc tỉnh đã giao)."
        in said(over, RuleName.OVER_PLAN, "vi")
    )


@pytest.mark.parametrize(("disbursed", "index"), [(100, "0.25"), (199, "0.4975"), (200, ""), (300, "")])
def test_what_makes_it_critical_is_said(disbursed: int, index: str) -> None:
    """Critical below 0.50 of the 400 that the target asks for."""
    progress = ledger(f"{STATED}2022-05-31 statement P1 {disbursed}\n2022-05-31 cutoff")
    text = said(progress, BEHIND, "en")
    assert ("Critical: the index is below 0.50." in text) is bool(index)
    assert f"index is {index}" in text
    assert ("Mức nghiêm trọng: chỉ số dưới 0,50." in said(progress, BEHIND, "vi")) is bool(index)


def test_a_plan_whose_amount_stands_is_not_called_initial() -> None:
    progress = replace(
        ca_mau.province(),
        lines=(FundLine("all", 3_551_000_000_000, 3_551_000_000_000, 0, 1_207_200_000_000),),
    )
    assert "34.0% of the plan of VND 3,551.0 billion" in said(progress, BEHIND, "en")
    assert "đạt 34,0 % kế hoạch vốn 3.551,0 tỷ đồng" in said(progress, BEHIND, "vi")


@pytest.mark.parametrize(
    ("registered", "national", "expected"),
    [
        (20, 10, ["It is nevertheless ahead of the reg", "It is also ahead of the nat"]),
        (20, 35, ["It is nevertheless ahead of the reg", "But it is behind the nat"]),
        (35, 36, ["It is also behind the reg", "It is also behind the nat"]),
        (35, 20, ["It is also behind the reg", "It is nevertheless ahead of the nat"]),
        (30, 35, ["It is level with the reg", "It is also behind the nat"]),
    ],
)
def test_each_comparison_follows_from_the_one_before(
    registered: int, national: int, expected: list[str]
) -> None:
    progress = ledger(
        f"{STATED}2022-05-31 registered {registered}%\n2022-05-31 national {national}%\n"
        "2022-05-31 statement P1 300\n2022-05-31 cutoff"
    )
    text = said(progress, BEHIND, "en")
    positions = [text.find(part) for part in expected]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert text.count("nevertheless") <= 1


BETTER = ca_mau.province(disbursed=1_500_000_000_000)
WITHOUT_TARGET = replace(BETTER, baselines=ca_mau.BASELINES[1:])


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (BETTER, "the disbursement index is 1.06, no longer below the threshold of 0.90"),
        (WITHOUT_TARGET, "against the national level at that date of the previous year (2021), 24.67%"),
    ],
    ids=["caught up", "no target any more"],
)
def test_a_resolved_alert_says_why(progress: Progress, text: str) -> None:
    entry = rules_of(progress)[BEHIND]
    words = wording.resolved(unflagged(progress, entry.rule(), policy_of(progress)), entry.text, "en")
    assert words.title == "Cà Mau: no longer behind target"
    assert text in words.reason
    assert "nevertheless" not in words.reason


BEGUN = ledger("2022-01-10 plan P1 100\n2022-03-31 advance P1 1\n2022-03-31 cutoff")
LAPSED = ledger("2022-01-10 plan P1 100\n2022-03-01 plan P1 0\n2022-03-31 cutoff")
REPORTED = ledger("2022-01-10 plan P1 100\n2022-06-30 books\n2022-06-30 cutoff")
STILL_SILENT = ledger("2022-01-10 plan P1 100\n2022-01-30 books\n2022-06-30 cutoff")


@pytest.mark.parametrize(
    ("rule", "progress", "title"),
    [
        (RuleName.NOTHING_DISBURSED, BEGUN, "P1: disbursement has begun"),
        (RuleName.NOTHING_DISBURSED, LAPSED, "P1: no longer nothing disbursed"),
        (RuleName.SOURCE_STALE, REPORTED, "P1: new figures received"),
        (RuleName.SOURCE_STALE, STILL_SILENT, "P1: no longer without new figures"),
    ],
)
def test_a_resolved_title_tells_only_what_happened(rule: RuleName, progress: Progress, title: str) -> None:
    """A plan that lapsed ends an alert too: nothing began, and nothing was reported."""
    entry = rules_of(progress)[rule]
    words = wording.resolved(unflagged(progress, entry.rule(), policy_of(progress)), entry.text, "en")
    assert words.title == title
    assert ("no longer applies" in words.reason) is ("no longer" in title)


# One day with a plan, then none: by a lapse in the year, or by its withdrawal before it.
_GONE = replace(BETTER, lines=(FundLine("all", 3_152_000_000_000, 0, 0, 0),))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", "Quy tắc này không còn áp dụng cho Cà Mau, hoặc không còn mức để so sánh."),
        ("en", "The rule no longer applies to Cà Mau, or there is nothing left to compare with."),
    ],
)
@pytest.mark.parametrize(
    "rule", sorted(set(RuleName) - {RuleName.NOTHING_DISBURSED, RuleName.SOURCE_STALE}), ids=str
)
def test_once_the_plan_has_lapsed_no_rule_claims_that_its_measure_was_reached(
    rule: RuleName, language: Language, said: str
) -> None:
    """A resolved text that says "no longer below" would read as money that was disbursed."""
    entry = rules_of(_GONE)[rule]
    words = wording.resolved(unflagged(_GONE, entry.rule(), policy_of(_GONE)), entry.text, language)
    assert words.reason.startswith(said)


@pytest.mark.parametrize(
    ("language", "is_held", "said"),
    [
        ("vi", False, "dưới mức 95,0 % (Nghị quyết 124/NQ-CP yêu cầu giải ngân 95 - 100 % kế hoạch)."),
        ("vi", True, "dưới mức 97,0 % (Nghị quyết 124/NQ-CP yêu cầu giải ngân 95 - 100 % kế hoạch)."),
        ("en", False, "below 95.0% (Resolution 124/NQ-CP asks for 95 to 100% of the plan)."),
        ("en", True, "below 97.0% (Resolution 124/NQ-CP asks for 95 to 100% of the plan)."),
    ],
)
def test_what_resolution_124_asks_is_not_the_limit_at_which_an_alert_clears(
    language: Language, said: str, *, is_held: bool
) -> None:
    """The Resolution asks for 95 to 100 %; that an open alert waits for 97 % is this project's."""
    disbursed = 480 if is_held else 400
    project = ledger(f"""
        2022-01-10 plan       P1 1000
        2022-12-31 target     100%
        2022-06-30 statement  P1 {disbursed}
        2022-06-30 cutoff
    """)
    shortfall = RuleName.YEAR_END_SHORTFALL
    findings = evaluate(project, policy_of(project), open_rules=(shortfall,) if is_held else ())
    finding = next(each for each in findings if each.rule is shortfall)
    assert finding.is_held is is_held
    words = wording.flagged(finding, rules_of(project)[shortfall].text, language, FUND_SOURCES)
    assert said in words.reason.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", "Nguồn chưa cập nhật, số liệu mới đến: chu-dau-tu (28/02/2022), kho-bac (01/03/2022)."),
        ("en", "the day they reach: chu-dau-tu (28 February 2022), kho-bac (1 March 2022)."),
    ],
)
def test_the_sources_that_are_silent_are_named_with_the_day_they_reach(language: Language, said: str) -> None:
    reaches = {"kho-bac": date(2022, 3, 1), "so-khdt": ca_mau.AS_OF, "chu-dau-tu": date(2022, 2, 28)}
    sources = tuple(SourceReach(source, day) for source, day in reaches.items())
    text = told_silent(replace(ca_mau.province(), sources=sources), language)
    assert said in text
    assert "so-khdt" not in text
    assert "kho-bac" not in told_silent(replace(ca_mau.province(), sources=sources[1:2]), language)


def told_silent(progress: Progress, language: Language) -> str:
    """What ``source_stale`` says; empty where it does not flag."""
    rules = {each.rule for each in evaluate(progress, policy_of(progress))}
    return said(progress, RuleName.SOURCE_STALE, language) if RuleName.SOURCE_STALE in rules else ""


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("rule", list(RuleName))
def test_every_rule_has_a_resolved_text_that_can_be_said(rule: RuleName, language: Language) -> None:
    entry = rules_of(BETTER)[rule]
    words = wording.resolved(unflagged(BETTER, entry.rule(), policy_of(BETTER)), entry.text, language)
    assert "{" not in words.title + words.reason
    assert "no longer applies" not in words.reason
