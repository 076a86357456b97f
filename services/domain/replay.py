"""The past judged again, day by day: which flags a policy would have raised, and when they were cleared.

The same verdict, hysteresis and lifecycle as live alerts (``evaluate`` and ``transition``); nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.domain.alert_lifecycle import AlertState, AlertTransition, Judgement, Recorded, transition
from services.domain.finding import Finding
from services.domain.lag_rules import Policy, RuleName, Severity
from services.domain.progress import Progress
from services.domain.verdict import evaluate

_URGENCY = tuple(Severity)
# What a finding says changes daily; a replay asks only whether there is one.
_FLAGGED = b"flagged"
_OPEN = Recorded(AlertState.OPEN, _FLAGGED)
_RESOLVED = Recorded(AlertState.RESOLVED, _FLAGGED)
_SAYS = {True: Judgement(_FLAGGED), False: Judgement(None)}


@dataclass(frozen=True, slots=True)
class JudgedDay:
    """One business day of a subject: its figures, and the last day that its books reach.

    ``as_of`` is ``None`` where nothing was reported yet: then nothing is judged (docs/adr/0005).
    """

    day: date
    progress: Progress
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Flag:
    """A rule's flag from the day it was raised to the first day without it.

    ``cleared_on`` is ``None`` where it was still open on the last day. ``severity`` is the most urgent it
    had. ``is_again`` where the rule had flagged the subject before. ``since`` is how urgent it was from which
    day on, in order; empty where that never changed.
    """

    rule: RuleName
    rule_version: int
    severity: Severity
    raised_on: date
    cleared_on: date | None = None
    is_again: bool = False
    since: tuple[tuple[date, Severity], ...] = ()

    def is_open_on(self, day: date) -> bool:
        return self.raised_on <= day and (self.cleared_on is None or day < self.cleared_on)

    def at_least(self, severity: Severity) -> Iterator[Flag]:
        """The stretches of it that were so urgent or more, each as a flag of its own."""
        since = self.since or ((self.raised_on, self.severity),)
        ends = (*(day for day, _ in since[1:]), self.cleared_on)
        stretch: list[tuple[date, Severity]] = []
        is_again = self.is_again
        for (starts, now), end in zip(since, ends, strict=True):
            if is_urgent := now.is_at_least(severity):
                stretch.append((starts, now))
            is_last = end == self.cleared_on
            if stretch and (is_last or not is_urgent):
                yield self._stretch(stretch, self.cleared_on if is_urgent else starts, is_again=is_again)
                stretch, is_again = [], True

    def _stretch(
        self, since: Sequence[tuple[date, Severity]], cleared_on: date | None, *, is_again: bool
    ) -> Flag:
        return replace(
            self,
            severity=max((severity for _, severity in since), key=_URGENCY.index),
            raised_on=since[0][0],
            cleared_on=cleared_on,
            is_again=is_again,
            since=tuple(since) if len(since) > 1 else (),
        )


def replay(days: Iterable[JudgedDay], policy: Policy) -> list[Flag]:
    """Every flag of one subject, in the order in which they were raised.

    ``days`` rise. A day whose figures and ``as_of`` are those of the day before is judged as that one was.
    Raises ``ValueError`` as ``evaluate`` does.
    """
    known: dict[RuleName, Recorded] = {}
    flags: dict[RuleName, Flag] = {}
    done: list[Flag] = []
    before: JudgedDay | None = None
    for today in days:
        if before and today.progress is before.progress and today.as_of == before.as_of:
            continue
        before = today
        for rule, finding in _found(today, policy, open_rules=flags).items():
            match transition(known.get(rule), _SAYS[finding is not None]):
                case AlertTransition.OPENED | AlertTransition.REOPENED if finding:
                    flags[rule] = Flag(
                        rule, finding.rule_version, finding.severity, today.day, is_again=rule in known
                    )
                    known[rule] = _OPEN
                case AlertTransition.RESOLVED:
                    done.append(_cleared(flags.pop(rule), today.day))
                    known[rule] = _RESOLVED
                case _ if finding and finding.severity is not _now(flags[rule]):
                    flags[rule] = _changed(flags[rule], today.day, finding.severity)
    return sorted([*done, *flags.values()], key=lambda flag: (flag.raised_on, flag.rule))


def _found(
    today: JudgedDay, policy: Policy, *, open_rules: Iterable[RuleName]
) -> dict[RuleName, Finding | None]:
    """The finding of each rule that flags the subject or did; ``None`` where it no longer does."""
    found: dict[RuleName, Finding | None] = dict.fromkeys(open_rules)
    if today.as_of is not None:
        findings = evaluate(today.progress, policy, on=today.as_of, open_rules=tuple(found))
        found |= {finding.rule: finding for finding in findings}
    return found


def _cleared(flag: Flag, day: date) -> Flag:
    return replace(flag, cleared_on=day)


def _now(flag: Flag) -> Severity:
    """How urgent it is on the last day that was judged."""
    return flag.since[-1][1] if flag.since else flag.severity


def _changed(flag: Flag, day: date, severity: Severity) -> Flag:
    since = (*(flag.since or ((flag.raised_on, flag.severity),)), (day, severity))
    return replace(flag, since=since, severity=max(flag.severity, severity, key=_URGENCY.index))


def flagged_since(flags: Sequence[Flag], day: date) -> date | None:
    """Since when the subject was flagged without a break, by whichever rule, up to the end of ``day``.

    ``None`` where it was not flagged then. One cleared on the day another is raised leaves no break.
    """
    since: date | None = None
    for flag in sorted(flags, key=lambda flag: flag.raised_on, reverse=True):
        ends = flag.cleared_on or date.max
        if flag.raised_on <= day and (ends > day if since is None else ends >= since):
            since = flag.raised_on
    return since
