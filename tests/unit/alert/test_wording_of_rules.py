"""What the rules beside the target say: each template filled, in the form of its language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.alert import phrases, wording
from services.alert.number_text import LANGUAGES, Language, day
from services.domain.baselines import BaselineName
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.lag_rules import Easing, Milestone, Policy, RuleName, Severity
from services.domain.plan import BaselineKind
from services.domain.progress import FundLine, Progress, Subject, SubjectType
from services.domain.verdict import evaluate, unflagged
from tests.support import ca_mau
from tests.support.alert_examples import found, policy_of, rules_of, told
from tests.support.alerting import FUND_SOURCES

BILLION = 10**9
PLAN = 1_000 * BILLION
BRIDGE = Subject(
    SubjectType.PROJECT,
    "7891234",
    "Cầu sông Ông Đốc",
    "96",
    owner_name="Ban QLDA",
    accountable_officer="Bà Lan",
)


def project(as_of: date, disbursed: int, *, advance: int = 0, **changes: object) -> Progress:
    """A bridge of 1,000 billion đồng a year, with so many billion disbursed."""
    line = FundLine("local.balance", PLAN, PLAN, 0, disbursed * BILLION, 0, advance * BILLION)
    told_so = replace(ca_mau.province(as_of=as_of, subject=BRIDGE), lines=(line,), last_movement_date=as_of)
    return replace(told_so, **changes)  # type: ignore[arg-type]


MAY, SEPTEMBER = date(2022, 5, 31), date(2022, 9, 30)
PROVINCE = ca_mau.province()
CASES: Mapping[RuleName, Progress] = {
    RuleName.BELOW_MILESTONE: project(SEPTEMBER, 590),
    RuleName.STALLED: project(MAY, 400, last_movement_date=date(2022, 3, 15)),
    RuleName.YEAR_END_SHORTFALL: project(date(2022, 6, 30), 400, baselines=PROVINCE.baselines[:1]),
    RuleName.ADVANCE_OVER_LIMIT: project(MAY, 700, advance=700, total_investment=2_000 * BILLION),
    RuleName.ADVANCE_OVERDUE: project(SEPTEMBER, 700, advance=200, advance_since=date(2022, 2, 1)),
    RuleName.UNALLOCATED_PLAN: replace(
        PROVINCE, lines=(FundLine("all", PLAN, PLAN, 900 * BILLION, 500 * BILLION),)
    ),
    RuleName.ESTIMATE_ONLY: project(MAY, 500, includes_estimate=True),
    RuleName.TREASURY_OWNER_MISMATCH: project(
        MAY,
        500,
        series=((Series.TREASURY_VOUCHERS, 500 * BILLION), (Series.OWNER_STATEMENTS, 450 * BILLION)),
    ),
}
TITLES: Mapping[RuleName, Mapping[Language, str]] = {
    RuleName.BELOW_MILESTONE: {
        "vi": "Cầu sông Ông Đốc: giải ngân 59,0 %, dưới mốc 60,0 %",
        "en": "Cầu sông Ông Đốc: 59.0% disbursed, below the milestone of 60.0%",
    },
    RuleName.STALLED: {
        "vi": "Cầu sông Ông Đốc: 77 ngày không phát sinh giải ngân",
        "en": "Cầu sông Ông Đốc: nothing moved for 77 days",
    },
    RuleName.YEAR_END_SHORTFALL: {
        "vi": "Cầu sông Ông Đốc: dự báo chỉ đạt 80,0 % kế hoạch",
        "en": "Cầu sông Ông Đốc: forecast at 80.0% of the plan",
    },
    RuleName.ADVANCE_OVER_LIMIT: {
        "vi": "Cầu sông Ông Đốc: dư tạm ứng 35,0 % tổng mức đầu tư",
        "en": "Cầu sông Ông Đốc: advance at 35.0% of total investment cost",
    },
    RuleName.ADVANCE_OVERDUE: {
        "vi": "Cầu sông Ông Đốc: tạm ứng 241 ngày chưa thu hồi",
        "en": "Cầu sông Ông Đốc: advance not recovered for 241 days",
    },
    RuleName.UNALLOCATED_PLAN: {
        "vi": "Cà Mau: còn 10,0 % kế hoạch chưa phân bổ chi tiết",
        "en": "Cà Mau: 10.0% of the plan not allocated in detail",
    },
    RuleName.ESTIMATE_ONLY: {
        "vi": "Cầu sông Ông Đốc: chỉ có số ước thực hiện",
        "en": "Cầu sông Ông Đốc: estimates only",
    },
    RuleName.TREASURY_OWNER_MISMATCH: {
        "vi": "Cầu sông Ông Đốc: số liệu Kho bạc và chủ đầu tư lệch 10,0 %",
        "en": "Cầu sông Ông Đốc: treasury and owner differ by 10.0%",
    },
}
CLEARS: Mapping[RuleName, Mapping[Language, str]] = {
    RuleName.BELOW_MILESTONE: {
        "vi": "giải ngân thêm 10,0 tỷ đồng tính đến 30/09/2022; 210,0 tỷ đồng tính đến 30/11/2022.",
        "en": "VND 10.0 billion more by 30 September 2022; VND 210.0 billion more by 30 November 2022.",
    },
    RuleName.YEAR_END_SHORTFALL: {
        "vi": "giải ngân thêm 570,0 tỷ đồng tính đến 31/01/2023.",
        "en": "VND 570.0 billion more by 31 January 2023.",
    },
    RuleName.ADVANCE_OVER_LIMIT: {
        "vi": "thu hồi tạm ứng 100,0 tỷ đồng.",
        "en": "VND 100.0 billion of the advance recovered.",
    },
    RuleName.ADVANCE_OVERDUE: {
        "vi": "thu hồi tạm ứng 200,0 tỷ đồng.",
        "en": "VND 200.0 billion of the advance recovered.",
    },
    RuleName.UNALLOCATED_PLAN: {
        "vi": "phân bổ chi tiết thêm 90,0 tỷ đồng.",
        "en": "VND 90.0 billion more allocated in detail.",
    },
    RuleName.ESTIMATE_ONLY: {
        "vi": "hạch toán số thực tế thay cho số ước thực hiện.",
        "en": "booked figures in place of the estimates.",
    },
    RuleName.TREASURY_OWNER_MISMATCH: {
        "vi": "giảm chênh lệch ít nhất 45,0 tỷ đồng.",
        "en": "the difference reconciled by VND 45.0 billion at least.",
    },
}
# Of the other language: a date, an amount, a percentage.
FOREIGN: Mapping[Language, str] = {
    "vi": r"\d (January|February|March|May|June|September)|VND|\d\.\d%|billion",
    "en": r"\d\d/\d\d/\d{4}|đồng\b|\d,\d %|tỷ",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", CASES)
def test_each_rule_says_what_it_saw_in_the_form_of_its_language(rule: RuleName, language: Language) -> None:
    """By hand: 60 % less 590 is 10, 80 % is 210; 95 % + clearing at 97 % less 400 is 570; 700 - 30 % of
    2,000 is 100; 10 % less the 1 % left out is 90; 50 less 1 % of 500 is 45."""
    words = told(CASES[rule], rule, language)
    assert words.title == TITLES[rule][language]
    if rule in CLEARS:
        assert CLEARS[rule][language] in words.reason
    assert not re.search(r"[{}]|None|Fraction", words.title + words.reason)
    assert not re.search(FOREIGN[language], words.reason)
    assert day(CASES[rule].as_of, language) in words.reason


HELD: Mapping[Language, wording.Words] = {
    "vi": wording.Words(
        "Cầu sông Ông Đốc: giải ngân 61,0 %, đã đạt mốc 60,0 %, chưa gỡ cảnh báo",
        "Đến 30/09/2022, Cầu sông Ông Đốc giải ngân 610,0 tỷ đồng, đạt 61,0 % kế hoạch vốn "
        "1.000,0 tỷ đồng: đã đạt mốc 60,0 % đặt ra đến 30/09/2022, nhưng đã từng dưới mốc nên cảnh báo còn "
        "giữ đến khi đạt 66,0 %. Để gỡ cảnh báo: giải ngân thêm 50,0 tỷ đồng tính đến 30/09/2022; "
        "270,0 tỷ đồng tính đến 30/11/2022.",
    ),
    "en": wording.Words(
        "Cầu sông Ông Đốc: 61.0% disbursed, the milestone of 60.0% reached, not yet cleared",
        "By 30 September 2022, Cầu sông Ông Đốc had disbursed VND 610.0 billion, 61.0% of the plan of "
        "VND 1,000.0 billion: the milestone of 60.0% set for 30 September 2022 is reached, but it was "
        "below it before, and the alert stays until 66.0% is reached. To clear it: VND 50.0 billion more by "
        "30 September 2022; VND 270.0 billion more by 30 November 2022.",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_above_its_milestone_it_says_what_is_waited_for_and_not_below(language: Language) -> None:
    """61 % with a milestone of 60 %, cleared at 1.1 times that: 66 % is 50 billion more, 88 % is 270."""
    progress, name = project(SEPTEMBER, 610), RuleName.BELOW_MILESTONE
    rule = next(each for each in policy_of(progress).rules if each.name is name)
    patient = Policy((replace(rule, clear_at=Fraction("1.1")),))
    assert evaluate(progress, patient) == [], "it is not below it"
    (finding,) = evaluate(progress, patient, open_rules=(name,))
    words = wording.flagged(finding, rules_of(progress)[name].text, language, FUND_SOURCES)
    assert words.title.replace("\u00a0", " ") == HELD[language].title
    assert words.reason.replace("\u00a0", " ").startswith(HELD[language].reason)
    for text in (words.title, words.reason):
        assert "dưới mốc 60" not in text
        assert "below the" not in text


LAST_YEAR = ca_mau.schedule(
    BaselineKind.NATIONAL,
    "VN",
    {date(2021, 7, 31): 3671, date(2021, 11, 30): 6386, date(2021, 12, 31): 7730},
    budget_year=2021,
)


NO_SLOWER: Mapping[Language, str] = {
    "vi": "Chỉ ở mức thông tin vì không thấp hơn mức cả nước cùng kỳ năm trước (2021) quá 1,5 điểm phần "
    "trăm.",
    "en": "For information only, as it is not behind the national level at that date of the previous year "
    "(2021) by more than 1.5 points.",
}
JANUARY: Mapping[Language, str] = {
    "vi": "trên mùa vụ của mức cả nước cùng kỳ năm trước (2021), riêng tháng 1 theo kế hoạch vốn năm 2020.",
    "en": "over the seasons of the national level at that date of the previous year (2021), January as for "
    "the plan of 2020.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_a_flag_is_information_and_whose_january_a_forecast_takes_is_said(language: Language) -> None:
    """On 30 September the nation of 2021 stood at 50.3 %: 59 % is under the milestone, not behind that."""
    info, january = NO_SLOWER[language], JANUARY[language]
    below = project(SEPTEMBER, 590, baselines=(*PROVINCE.baselines[:1], LAST_YEAR))
    assert found(below, RuleName.BELOW_MILESTONE).severity is Severity.INFO
    assert info in told(below, RuleName.BELOW_MILESTONE, language).reason
    slow = project(SEPTEMBER, 400, baselines=(*PROVINCE.baselines[:1], LAST_YEAR))
    assert found(slow, RuleName.BELOW_MILESTONE).severity is Severity.WARNING
    assert info not in told(slow, RuleName.BELOW_MILESTONE, language).reason
    assert january in told(slow, RuleName.YEAR_END_SHORTFALL, language).reason


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", "Chỉ ở mức thông tin vì không thấp hơn mức cả nước cùng kỳ năm trước (2021). "),
        ("en", "not behind the national level at that date of the previous year (2021). "),
    ],
)
def test_without_a_tolerance_none_is_told(language: Language, said: str) -> None:
    below, name = project(SEPTEMBER, 590, baselines=(*PROVINCE.baselines[:1], LAST_YEAR)), "below_milestone"
    rule = next(each for each in policy_of(below).rules if each.name == name)
    exact = Easing(BaselineName.PREVIOUS_YEAR, frozenset({SubjectType.PROJECT}))
    (finding,) = evaluate(below, Policy((replace(rule, info_ahead_of=exact),)))
    assert said in wording.flagged(finding, rules_of(below)[rule.name].text, language, FUND_SOURCES).reason


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", "Chỉ ở mức thông tin vì theo nhịp độ nhanh hơn trong hai nhịp độ thì vẫn đạt."),
        ("en", "For information only, as the faster of the two paces would reach it."),
    ],
)
def test_a_shortfall_by_one_pace_alone_says_so(language: Language, said: str) -> None:
    """Half of the target's year has passed: 450 so far heads for 900, 320 since March for over 950."""
    target = PROVINCE.baselines[:1]
    course = Course((89, 180), (130 * BILLION, 450 * BILLION), (0, 0), (0, 0), (PLAN, PLAN))
    uneven = project(date(2022, 6, 30), 450, baselines=target, course=course)
    assert found(uneven, RuleName.YEAR_END_SHORTFALL).severity is Severity.INFO
    assert said in told(uneven, RuleName.YEAR_END_SHORTFALL, language).reason
    assert said not in told(replace(uneven, course=Course()), RuleName.YEAR_END_SHORTFALL, language).reason


def test_a_milestone_never_waits_for_more_than_the_whole_plan() -> None:
    assert Milestone(11, 30, Fraction("0.95")).clears_at(Fraction("1.1")) == 1
    assert Milestone(11, 30, Fraction("0.60")).clears_at(None) == Fraction("0.60")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", CASES)
def test_each_says_when_it_is_over(rule: RuleName, language: Language) -> None:
    progress = CASES[rule]
    entry, policy = rules_of(progress)[rule], policy_of(progress)
    one = next(each for each in policy.rules if each.name is rule)
    finding = unflagged(progress, one, policy)
    words = wording.resolved(finding, entry.text, language)
    assert phrases.NO_LONGER_JUDGED[language].partition(" {")[0] not in words.reason
    assert TITLES[rule][language].partition(":")[0] in words.title
    assert not re.search(r"[{}]|None|Fraction", words.title + words.reason)
    assert day(progress.as_of, language) in words.reason
    assert not re.search(FOREIGN[language], words.reason.replace("\u00a0", " "))
