"""Rules as data: what is read, what overrides what, and what is refused with file, rule and key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from services.alert.policy import Policies, PolicyError, load
from services.domain.baselines import BaselineName, ClosingMonth
from services.domain.lag_rules import Easing, RuleName, Severity
from services.domain.progress import SubjectType
from tests.support.alerting import RULES

GOOD = """
policy: one
provinces: all
from_budget_year: 2022
rules:
  - name: behind_target
    version: 1
    severity: warning
    subjects: [project]
    threshold: "0.80"
    critical_below: "0.50"
    text:
      vi: {title: "{subject}", reason: "{rate} {index}", resolved: "{rate}"}
      en: {title: "{subject}", reason: "{rate} {index}", resolved: "{rate}"}
"""


def read(folder: Path, **files: str) -> Policies:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_rules_of_the_project_are_usable() -> None:
    rules = load(RULES).rules_for(province_code="49", budget_year=2022)
    assert set(rules) == set(RuleName)
    assert rules[RuleName.NOTHING_DISBURSED].from_month == 3
    assert rules[RuleName.SOURCE_STALE].threshold == 45
    assert rules[RuleName.SOURCE_STALE].subjects == {SubjectType.PROVINCE}


def test_ca_mau_overrides_the_nation_for_its_own_rule_only() -> None:
    loaded = load(RULES)
    ca_mau = loaded.rules_for(province_code="96", budget_year=2022)
    nation = loaded.rules_for(province_code="49", budget_year=2022)
    assert ca_mau[RuleName.BEHIND_TARGET].threshold == Fraction(9, 10)
    assert ca_mau[RuleName.BEHIND_TARGET].critical_below == Fraction(1, 2)
    assert nation[RuleName.BEHIND_TARGET].threshold == Fraction(8, 10)
    assert ca_mau[RuleName.OVER_PLAN] is nation[RuleName.OVER_PLAN]


def test_no_rule_holds_before_its_budget_year() -> None:
    assert load(RULES).rules_for(province_code="96", budget_year=2021) == {}


def test_a_later_policy_overrides_an_earlier_one_and_a_provinces_own_both(tmp_path: Path) -> None:
    def variant(year: int, threshold: str, provinces: str = "all") -> str:
        text = GOOD.replace("from_budget_year: 2022", f"from_budget_year: {year}")
        return text.replace('"0.80"', f'"{threshold}"').replace("provinces: all", f"provinces: {provinces}")

    loaded = read(
        tmp_path,
        a=variant(2022, "0.70", '["96"]'),
        b=variant(2023, "0.60"),
        c=variant(2022, "0.80"),
    )

    def threshold(province: str, year: int) -> Fraction:
        return loaded.rules_for(province_code=province, budget_year=year)[RuleName.BEHIND_TARGET].threshold

    assert threshold("49", 2022) == Fraction("0.80")
    assert threshold("49", 2023) == Fraction("0.60")
    assert threshold("96", 2023) == Fraction("0.70")


def test_texts_folded_over_lines_are_one_line(tmp_path: Path) -> None:
    loaded = read(tmp_path, one=GOOD.replace('title: "{subject}"', 'title: "{subject}   is\n        late"'))
    (rule,) = loaded.rules_for(province_code="1", budget_year=2022).values()
    assert rule.text.vi.title == "{subject} is late"
    assert rule.severity is Severity.WARNING


FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "number without quotes": (
        lambda t: t.replace('threshold: "0.80"', "threshold: 0.80"),
        r"one\.yaml: line \d+: rule behind_target: threshold: .*in quotes",
    ),
    "unknown key": (
        lambda t: t.replace("    severity:", "    severty: info\n    severity:"),
        r"one\.yaml: line 8: rule behind_target: severty: there is no such key: did you mean severity\?$",
    ),
    "unknown rule": (
        lambda t: t.replace("behind_target", "behind_schedule"),
        r"one\.yaml: line \d+: rule behind_schedule: name: ",
    ),
    "unknown severity": (
        lambda t: t.replace("severity: warning", "severity: urgent"),
        r"one\.yaml: line \d+: rule behind_target: severity: ",
    ),
    "unknown subject": (
        lambda t: t.replace("[project]", "[project, ministry]"),
        r"one\.yaml: line \d+: rule behind_target: subjects",
    ),
    "a name the rule does not give": (
        lambda t: t.replace("{rate} {index}", "{excess}"),
        r"one\.yaml: line 13: rule behind_target: text\.vi\.reason: behind_target gives no excess; it gives ",
    ),
    "a template that reaches into objects": (
        lambda t: t.replace("{rate} {index}", "{subject.__class__}"),
        r"one\.yaml: line \d+: rule behind_target: text\.vi\.reason: .*plain name",
    ),
    "an open brace": (
        lambda t: t.replace("{rate} {index}", "{rate"),
        r"one\.yaml: line \d+: rule behind_target: text\.vi\.reason: .*no template",
    ),
    "a language missing": (
        lambda t: t[: t.index("      en:")],
        r"one\.yaml: line 12: rule behind_target: text\.en: is missing: add it$",
    ),
    "a threshold above one": (
        lambda t: t.replace('"0.80"', '"1.20"'),
        r"one\.yaml: line 10: rule behind_target: threshold: a share of the baseline, above 0 and at most 1$",
    ),
    "critical above the threshold": (
        lambda t: t.replace('critical_below: "0.50"', 'critical_below: "0.85"'),
        r"one\.yaml: line 11: rule behind_target: critical_below: at most the threshold, and only where",
    ),
    "a key given twice": (
        lambda t: t.replace("    version: 1", "    version: 1\n    version: 2"),
        r"one\.yaml: key 'version' given twice: leave one\n.*line 8",
    ),
    "a rule given twice": (
        lambda t: t + t[t.index("  - name") :],
        r"one\.yaml: line 5: rules: behind_target given twice: leave one$",
    ),
    "no rule at all": (
        lambda t: t[: t.index("rules:")] + "rules: []",
        r"one\.yaml: line 5: rules: is empty: give at least one$",
    ),
    "no subject at all": (
        lambda t: t.replace("[project]", "[]"),
        r"one\.yaml: line 9: rule behind_target: subjects: is empty: give at least one$",
    ),
    "no mapping": (lambda _: "- 1", r"one\.yaml: .*PolicyFile"),
    "no yaml": (lambda _: "a: [", r"one\.yaml: "),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_refused_by_file_rule_and_key(
    tmp_path: Path, spoil: Callable[[str], str], message: str
) -> None:
    assert read(tmp_path, one=GOOD)
    with pytest.raises(PolicyError, match=message):
        read(tmp_path, one=spoil(GOOD))


@pytest.mark.parametrize("spoil", [spoil for spoil, _ in FAULTS.values()], ids=FAULTS.keys())
def test_only_the_true_fault_is_told(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    """Where the only rule of a file is at fault, the file still has a rule."""
    with pytest.raises(PolicyError) as refused:
        read(tmp_path, one=spoil(GOOD))
    assert "should have at least 1 item" not in str(refused.value)
    assert str(refused.value).count("is empty") <= (": []" in spoil(GOOD))


def test_a_fault_names_its_line(tmp_path: Path) -> None:
    line = GOOD.splitlines().index('    threshold: "0.80"') + 1
    with pytest.raises(PolicyError, match=rf"one\.yaml: line {line}: rule behind_target: threshold: "):
        read(tmp_path, one=GOOD.replace('"0.80"', "0.80"))


MILESTONES = (
    GOOD.replace("behind_target", "below_milestone")
    .replace(
        '    threshold: "0.80"\n    critical_below: "0.50"\n',
        '    milestones: [{by: "30/09", rate: "0.60"}]\n',
    )
    .replace("{rate} {index}", "{milestone_rate} {milestone_date}")
)


@pytest.mark.parametrize("by", ["28/02", "30/09", "31/12"])
def test_a_cut_date_is_a_day_of_every_year(tmp_path: Path, by: str) -> None:
    (rule,) = (
        read(tmp_path, one=MILESTONES.replace("30/09", by))
        .rules_for(province_code="1", budget_year=2022)
        .values()
    )
    day, month = map(int, by.split("/"))
    assert rule.rule().milestones[0].on(2023).timetuple()[1:3] == (month, day)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("31/09", "31/09 is no day of every year"),
        ("30/02", "30/02 is no day of every year"),
        ("29/02", "29/02 is no day of every year"),
        ("31/01", "a cut date in January would be of the year's first month: say 31/12, or leave it"),
        ("32/12", "String should match pattern"),
        ("30/13", "String should match pattern"),
        ("00/09", "String should match pattern"),
        ("2022-09-30", "String should match pattern"),
    ],
)
def test_a_cut_date_that_does_not_exist_is_refused(tmp_path: Path, by: str, said: str) -> None:
    line = MILESTONES.splitlines().index('    milestones: [{by: "30/09", rate: "0.60"}]') + 1
    with pytest.raises(
        PolicyError, match=rf"one\.yaml: line {line}: rule below_milestone: milestones\.0\.by: {said}"
    ):
        read(tmp_path, one=MILESTONES.replace("30/09", by))


def test_what_january_pays_is_as_published_and_not_all(tmp_path: Path) -> None:
    shares = 'closing_month: {budget_year: 2020, by_year_end: "0.8266", by_closing: "0.9613"}\nrules:'
    with_it = GOOD.replace("rules:", shares)
    policy = read(tmp_path, one=with_it).policy_for(province_code="1", budget_year=2022)
    assert policy.closing_month == ClosingMonth(2020, Fraction("0.8266"), Fraction("0.9613"))
    with pytest.raises(PolicyError, match=r"line 5: closing_month: by_year_end is below 1 and not above"):
        read(tmp_path, one=with_it.replace("0.9613", "0.7613"))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("info_in_band: true", "only of year_end_shortfall, which has a forecast"),
        ("info_ahead_of: {baseline: peer, subjects: []}", "subjects: is empty"),
    ],
)
def test_what_makes_a_flag_information_fits_its_rule(tmp_path: Path, key: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        read(tmp_path, one=GOOD.replace("    severity:", f"    {key}\n    severity:"))


def test_only_a_rule_on_a_rate_is_eased_by_another_baseline(tmp_path: Path) -> None:
    eased = GOOD.replace(
        "    severity:", "    info_ahead_of: {baseline: previous_year, subjects: [project]}\n    severity:"
    )
    (rule,) = read(tmp_path, one=eased).policy_for(province_code="1", budget_year=2022).rules
    assert rule.info_ahead_of == Easing(BaselineName.PREVIOUS_YEAR, frozenset({SubjectType.PROJECT}))
    other = eased.replace("behind_target", "below_national_average").replace(
        '    critical_below: "0.50"\n', ""
    )
    with pytest.raises(PolicyError, match=r"line 8: rule below_national_average: info_ahead_of: only of "):
        read(tmp_path, one=other)


def test_every_fault_is_named_not_the_first(tmp_path: Path) -> None:
    spoilt = GOOD.replace("version: 1", "version: 0").replace("severity: warning", "severity: urgent")
    with pytest.raises(PolicyError, match=r"version(.|\n)*severity(.|\n)*two\.yaml"):
        read(tmp_path, one=spoilt, two="- 1")


def test_two_files_that_hold_the_same_rule_for_the_same_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"two\.yaml: rule behind_target: one\.yaml has it for all too"):
        read(tmp_path, one=GOOD, two=GOOD)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy file"):
        load(tmp_path)


def test_a_provinces_escalation_comes_before_the_nations() -> None:
    shipped = load(RULES)
    ca_mau = shipped.escalation_for(province_code="96", budget_year=2022)
    assert ca_mau.supervisor == "Ủy ban nhân dân tỉnh Cà Mau"
    assert shipped.escalation_for(province_code="49", budget_year=2022).supervisor == "Ủy ban nhân dân tỉnh"
    assert shipped.escalation_for(province_code="96", budget_year=2021).acknowledge_within == {}
    assert ca_mau.acknowledge_within == {
        Severity.CRITICAL: timedelta(hours=48),
        Severity.WARNING: timedelta(hours=120),
    }


def test_of_several_files_the_provinces_own_says_who_is_asked_and_when(tmp_path: Path) -> None:
    section = "escalation: {acknowledge_within_hours: {critical: %d}, supervisor: S, heads: {O1: H}}\nrules:"
    other = GOOD.replace("provinces: all", 'provinces: ["96"]')
    policies = read(tmp_path, a=GOOD.replace("rules:", section % 48), b=other.replace("rules:", section % 24))
    own = policies.escalation_for(province_code="96", budget_year=2022)
    assert (own.acknowledge_within[Severity.CRITICAL], own.heads) == (timedelta(hours=24), {"O1": "H"})


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("{supervisor: S, acknowledge_within_hours: {urgent: 4}}", "acknowledge_within_hours"),
        ("{supervisor: S, acknowledge_within_hours: {critical: 0}}", "greater than or equal to 1"),
        ("{acknowledge_within_hours: {critical: 4}}", "supervisor"),
        ("{supervisor: S, longest_snooze_days: 1000}", "longest_snooze_days"),
        ("{supervisor: S, head: {}}", "head"),
    ],
)
def test_a_wrong_escalation_is_refused_with_its_line(tmp_path: Path, section: str, named: str) -> None:
    with pytest.raises(PolicyError, match=rf"a\.yaml: line 5: .*{named}"):
        read(tmp_path, a=GOOD.replace("rules:", f"escalation: {section}\nrules:"))
