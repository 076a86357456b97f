"""Projects of 2022 for a back-test, short to write: a plan of 1,200 and what was paid when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from uuid import UUID

from services.backtest.backtest import Asked, NamedPolicy
from services.backtest.history import Books, Curved, Curves, Decided, History, Line, Moved
from services.domain.disbursement import Series
from services.domain.lag_rules import Policy, Rule, RuleName, Severity
from services.domain.plan import BaselineKind, PlanBase
from services.domain.progress import Progress, Subject, SubjectType
from tests.support import facts

YEAR = 2022
ALWAYS = date.min
# A hundredth of the plan a hundredth of the year: 100 of 1,200 each month.
EVEN = facts.curve(BaselineKind.TARGET, "96", {"2022-12-31": 100})
_SERIES = (Series.TREASURY_VOUCHERS, Series.TREASURY_STATEMENTS)


def day(text: str) -> date:
    """``"07-21"`` of 2022, or a whole date."""
    return date.fromisoformat(text if len(text) > len("07-21") else f"{YEAR}-{text}")


def history(
    code: str,
    paid: Mapping[str, int],
    *,
    plans: Mapping[str, int] | None = None,
    known: Mapping[str, str] | None = None,
    books: Mapping[str, str] | None = None,
) -> History:
    """A project that was ``paid`` amounts on days; ``known``: on which day each was taken in, where not from
    the first. ``books``: days that its province's books reach besides, with the day they are known."""
    known = known or {}
    line = Line("central.sector")
    for on, amount in paid.items():
        since = day(known[on]) if on in known else ALWAYS
        line.moved.append(Moved(since, day(on), Series.TREASURY_VOUCHERS, amount, amount, 0))
    for number, (on, amount) in enumerate((plans or {"01-01": 1_200}).items()):
        base = PlanBase.ADJUSTED if number else PlanBase.INITIAL
        decision = (f"{number}/QĐ", "test", 0)
        line.decided.append(Decided(ALWAYS, day(on), day(on), base, amount, decision, 0, UUID(int=number)))
    reports = {(row.known_on, row.value_date) for row in line.moved}
    reports |= {(day(since), day(on)) for on, since in (books or every_day()).items()}
    subject = Subject(SubjectType.PROJECT, code, f"Dự án {code}", "96", owner_code="O1")
    return History(
        subject=subject,
        budget_year=YEAR,
        lines=(line,),
        books=Books(reports),
        curves=Curves([Curved(ALWAYS, EVEN)], YEAR),
        series=_SERIES,
        like=Progress(subject, YEAR, date(2023, 2, 1), date(2023, 2, 1), date(2023, 1, 31), lines=()),
    )


def every_day() -> dict[str, str]:
    """Books that reach each day on that day: somebody is paid every day."""
    days = [date.fromordinal(date(2022, 1, 1).toordinal() + number).isoformat() for number in range(396)]
    return dict(zip(days, days, strict=True))


def monthly(*amounts: int) -> dict[str, int]:
    """Amounts on the last days of January, February and so on."""
    ends = ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30"]
    ends += ["12-31", "2023-01-31"]
    return {end: amount for end, amount in zip(ends, amounts, strict=False) if amount}


def behind(threshold: str = "0.90", *, from_month: int = 6, critical_below: str = "0.50") -> Policy:
    """Behind target by that much, from the end of a month on."""
    return Policy(
        (
            Rule(
                RuleName.BEHIND_TARGET,
                1,
                Severity.WARNING,
                frozenset({SubjectType.PROJECT}),
                threshold=Fraction(threshold),
                critical_below=Fraction(critical_below),
                from_month=Fraction(from_month),
            ),
        )
    )


def named(name: str, policy: Policy) -> NamedPolicy:
    return NamedPolicy(name, {"96": policy})


def asked(
    first: str = "01-01", last: str = "2023-01-31", *, as_known: bool = False, processes: int = 1
) -> Asked:
    return Asked(YEAR, day(first), day(last), as_known=as_known, processes=processes)
