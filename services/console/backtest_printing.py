"""A back-test in words and tables: policies side by side, Vietnamese first."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from rich.table import Table

from services.backtest.backtest import Answer, Ended, Tested
from services.console.printing import plain_console
from services.domain.hindsight import Fate, Hindsight, LeadTime, Ratio, Score, by_rule
from services.domain.lag_rules import Severity
from services.domain.replay import Flag

_MOST_MISSED = 20
_KNOWN = {
    False: "Theo mọi số liệu hiện có, xét theo ngày giá trị / by all that is known now, by value date",
    True: "Theo số liệu mà sổ đã có vào từng ngày / by what the ledger knew on each day",
}
_CSV_COLUMNS = (
    "policy", "subject_type", "subject_code", "subject_name", "province_code", "owner_code",
    "rule", "rule_version", "severity", "raised_on", "cleared_on", "raised_again",
    "final_plan_vnd", "final_disbursed_vnd", "fate",
)  # fmt: skip
_SEVERITIES = {Severity.WARNING: "cảnh báo", Severity.CRITICAL: "nghiêm trọng"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_tables(answer: Answer) -> None:
    """Everything that is asked first, on a terminal."""
    console = plain_console()
    asked = answer.asked
    console.print(f"{asked.first:%d/%m/%Y} – {asked.last:%d/%m/%Y}. {_KNOWN[asked.as_known]}", soft_wrap=True)
    for note in notes(answer):
        console.print(note, soft_wrap=True)
    console.print(_scores(answer))
    if asked.cut_dates and any(tested.score.base_rate.whole for tested in answer.tested):
        console.print(_on_days(answer))
    console.print(_rules(answer))
    if missed := _missed(answer):
        console.print(_missed_table(answer, missed))


def notes(answer: Answer) -> Iterator[str]:
    """What to know before reading the figures."""
    if answer.asked.at_least is not Severity.INFO:
        words = _SEVERITIES[answer.asked.at_least]
        yield f"Chỉ tính cảnh báo từ mức {words} / only flags from {answer.asked.at_least} on count"
    for province, reached in sorted(answer.ends_early.items()):
        until = f"{reached:%d/%m/%Y}" if reached else "-"
        yield (
            f"Tỉnh {province}: số liệu chỉ đến {until}, chưa biết kết quả cả năm, không chấm điểm / province "
            f"{province}: the books end on {until}; how the year ended is not known, nothing is scored"
        )
    for tested in answer.tested:
        if tested.left_out:
            names = ", ".join(tested.left_out)
            yield (f"{tested.name}: không xét lại được quá khứ / cannot be judged on a past day: {names}")


def _scores(answer: Answer) -> Table:
    table = _table("", answer, title=_both("So sánh", "Side by side"))
    enough = _percent(answer.asked.enough)
    rows: tuple[tuple[str, str, Callable[[Tested], str]], ...] = (
        ("lượt cảnh báo, mọi đối tượng", "flags raised, all subjects", lambda t: str(sum(map(len, t.flags)))),
        ("dự án từng bị cảnh báo chậm", "projects ever flagged", lambda t: str(t.score.raised_projects)),
        ("số lượt mỗi dự án; nhiều nhất", "raises a project; most", lambda t: _raises(t.score)),
        ("bật lại sau khi đã tắt", "raised again once cleared", lambda t: str(t.score.raised_again)),
        (f"dự án không đạt {enough}", f"projects that missed {enough}", lambda t: _ratio(t.score.base_rate)),
        ("phát hiện được trong số đó", "of them ever flagged (recall)", lambda t: _ratio(t.score.recall)),
        ("không hề được cảnh báo", "never flagged", lambda t: str(t.score.never_flagged)),
        ("cảnh báo rồi lại tắt", "flagged, not at year end", lambda t: str(t.score.lost)),
        ("báo trước 31/12, ngày: trung vị", "lead before 31/12, days: median", lambda t: _median(t.score)),
        ("   tứ phân vị", "   quartiles", lambda t: _quartiles(t.score.lead_time)),
        ("báo nhầm (dự án vẫn đạt)", "false alarms (made it)", lambda t: str(t.score.false_alarms)),
        (
            "báo đúng trong số bị cảnh báo",
            "precision: flagged that missed",
            lambda t: _ratio(t.score.precision),
        ),
    )
    for vietnamese, english, cell in rows:
        table.add_row(_both(vietnamese, english), *(cell(tested) for tested in answer.tested))
    return table


def _on_days(answer: Answer) -> Table:
    """On a cut date: of those flagged how many missed, and how many that is of those that missed."""
    title = _both("Vào từng mốc: báo đúng · phát hiện", "On cut dates: precision · recall")
    table = _table(_both("ngày", "day"), answer, title=title)
    for place, day in enumerate(answer.asked.cut_dates):
        on = (tested.score.on_days[place] for tested in answer.tested)
        table.add_row(f"{day:%d/%m/%Y}", *(f"{_ratio(o.precision)}\n{_ratio(o.recall)}" for o in on))
    return table


def _rules(answer: Answer) -> Table:
    title = _both("Lượt cảnh báo theo quy tắc, mức độ", "Flags by rule and severity")
    table = _table(_both("quy tắc", "rule"), answer, title=title)
    counts = [by_rule(chain.from_iterable(tested.flags)) for tested in answer.tested]
    for rule, severity in sorted(set().union(*counts)):
        table.add_row(f"{rule}, {severity}", *(str(count.get((rule, severity), 0)) for count in counts))
    return table


def _table(first: str, answer: Answer, *, title: str, besides: Sequence[str] = ()) -> Table:
    """A column for each policy; its name is broken before a row's words are."""
    table = Table(title=title)
    for header in (first, *besides):
        table.add_column(header, no_wrap=True)
    for tested in answer.tested:
        table.add_column(tested.name, overflow="fold")
    return table


def _missed(answer: Answer) -> list[int]:
    return [place for place, subject in enumerate(answer.ended) if subject.fate is Fate.MISSED]


def _missed_table(answer: Answer, missed: list[int]) -> Table:
    shown = f"{min(len(missed), _MOST_MISSED)}/{len(missed)}"
    title = _both(
        f"Dự án không đạt ({shown}): bị cảnh báo liên tục từ ngày",
        f"Projects that missed ({shown}): flagged since",
    )
    table = _table(_both("dự án", "project"), answer, title=title, besides=[_both("tỷ lệ", "rate")])
    for place in missed[:_MOST_MISSED]:
        subject = answer.ended[place]
        since = (_hindsight(answer, tested, place).flagged_since for tested in answer.tested)
        rate = _percent(Fraction(subject.disbursed, subject.plan))
        table.add_row(subject.subject.code, rate, *(f"{day:%d/%m/%Y}" if day else "-" for day in since))
    return table


def _hindsight(answer: Answer, tested: Tested, place: int) -> Hindsight:
    how = answer.ended[place].fate or Fate.NOT_KNOWN
    return Hindsight.of(how, tested.flags[place], year_end=answer.asked.year_end)


# --- for other programs ------------------------------------------------------------------------------


def as_json(answer: Answer) -> dict[str, Any]:
    """The whole answer. Amounts are đồng, ratios counts with their share in ten-thousandths."""
    asked = answer.asked
    return {
        "budget_year": asked.budget_year,
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "as_known": asked.as_known,
        "at_least": str(asked.at_least),
        "enough_basis_points": int(asked.enough * 10_000),
        "notes": list(notes(answer)),
        "policies": [_policy_json(answer, tested) for tested in answer.tested],
    }


def _policy_json(answer: Answer, tested: Tested) -> dict[str, Any]:
    score = tested.score
    return {
        "policy": tested.name,
        "left_out": list(tested.left_out),
        "flags_raised": sum(map(len, tested.flags)),
        "missed": _ratio_json(score.base_rate),
        "precision": _ratio_json(score.precision),
        "recall": _ratio_json(score.recall),
        "false_alarms": score.false_alarms,
        "never_flagged": score.never_flagged,
        "lost": score.lost,
        "lead_time_days": _lead_json(score.lead_time),
        "raises": score.raises,
        "raised_projects": score.raised_projects,
        "raised_again": score.raised_again,
        "most_raises": score.most_raises,
        "on_days": [
            {
                "day": on.day.isoformat(),
                "precision": _ratio_json(on.precision),
                "recall": _ratio_json(on.recall),
            }
            for on in score.on_days
        ],
        "flagged_by_day": list(tested.flagged_by_day),
        "subjects": [
            _subject_json(answer, tested, place) for place, flags in enumerate(tested.flags) if flags
        ],
    }


def _subject_json(answer: Answer, tested: Tested, place: int) -> dict[str, Any]:
    ended = answer.ended[place]
    since = _hindsight(answer, tested, place).flagged_since
    return {
        "subject_type": str(ended.subject.type),
        "subject_code": ended.subject.code,
        "subject_name": ended.subject.name,
        "final_plan": ended.plan,
        "final_disbursed": ended.disbursed,
        "fate": ended.fate,
        "flagged_since": since.isoformat() if since else None,
        "flags": [_flag_json(flag) for flag in tested.flags[place]],
    }


def _flag_json(flag: Flag) -> dict[str, Any]:
    return {
        "rule": str(flag.rule),
        "rule_version": flag.rule_version,
        "severity": str(flag.severity),
        "raised_on": flag.raised_on.isoformat(),
        "cleared_on": flag.cleared_on.isoformat() if flag.cleared_on else None,
        "raised_again": flag.is_again,
    }


def _ratio_json(ratio: Ratio) -> dict[str, int | None]:
    share = ratio.share
    return {
        "part": ratio.part,
        "whole": ratio.whole,
        "basis_points": round(share * 10_000) if share is not None else None,
    }


def _lead_json(lead: LeadTime | None) -> dict[str, float | int] | None:
    if lead is None:
        return None
    return {
        "lower_quartile": float(lead.lower_quartile),
        "median": float(lead.median),
        "upper_quartile": float(lead.upper_quartile),
        "projects": lead.projects,
    }


def as_csv(answer: Answer) -> str:
    """A row for each flag of each policy, for a worksheet; amounts in đồng."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_CSV_COLUMNS)
    for tested in answer.tested:
        for ended, flags in zip(answer.ended, tested.flags, strict=True):
            writer.writerows(_csv_row(tested.name, ended, flag) for flag in flags)
    return text.getvalue()


def _csv_row(policy: str, ended: Ended, flag: Flag) -> list[str | int]:
    subject = ended.subject
    named = (subject.type, subject.code, subject.name, subject.province_code, subject.owner_code)
    return [
        policy,
        *(_no_formula(text) for text in named),
        flag.rule,
        flag.rule_version,
        flag.severity,
        flag.raised_on.isoformat(),
        flag.cleared_on.isoformat() if flag.cleared_on else "",
        int(flag.is_again),
        ended.plan,
        ended.disbursed,
        ended.fate or "",
    ]


def _no_formula(text: str) -> str:
    """A name that a worksheet would take for a formula is shown as it is."""
    return f"'{text}" if text.startswith(_FORMULA) else text


# --- words -------------------------------------------------------------------------------------------


def _both(vietnamese: str, english: str) -> str:
    return f"{vietnamese}\n{english}"


def _ratio(ratio: Ratio) -> str:
    share = ratio.share
    return f"{ratio.part}/{ratio.whole}" + (f" ({_percent(share)})" if share is not None else "")


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.1f}".removesuffix(".0").replace(".", ",") + " %"


def _days(days: Fraction) -> str:
    return f"{float(days):.1f}".removesuffix(".0").replace(".", ",")


def _median(score: Score) -> str:
    lead = score.lead_time
    return f"{_days(lead.median)} ({lead.projects})" if lead else "-"


def _quartiles(lead: LeadTime | None) -> str:
    return f"{_days(lead.lower_quartile)} – {_days(lead.upper_quartile)}" if lead else "-"


def _raises(score: Score) -> str:
    if not score.raised_projects:
        return "-"
    return f"{_days(Fraction(score.raises, score.raised_projects))}; {score.most_raises}"
