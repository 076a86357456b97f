"""Reads the input of a test as ledger text, which an accountant can read too.

    2022-01-10 plan       P1 1200              an appropriation takes effect (a later one replaces it)
    2022-01-10 plan       P1 1200 local        the same, from a fund source
    2022-02-01 advance    P1 300               a movement: advance, recovery, payment or refund
    2022-03-01 payment    P1 70 net            booked net of an advance recovered from it
    2022-03-31 statement  P1 340               cumulative since 1 January, as treasuries report
    2022-03-31 target     20%                  a point of a baseline: target, registered, national,
    2021-03-31 previous   13%                  or previous (the national curve of the year before)
    2022-03-31 books                           the last day the books reach (else: the cut-off)
    2022-04-01 cutoff                          the business date; nothing after it counts

Amounts are in đồng. Text after # is a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from services.domain.accounts import Effect
from services.domain.disbursement import (
    Movement,
    MovementKind,
    RecoveryBooking,
    StatementLine,
    statement_postings,
)
from services.domain.money import Money
from services.domain.plan import NATIONAL_SCOPE, BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.progress import FundLine, Progress, Subject, SubjectType

DEFAULT_FUND = "local"
_KINDS = {
    "advance": MovementKind.ADVANCE,
    "recovery": MovementKind.ADVANCE_RECOVERY,
    "payment": MovementKind.COMPLETED_WORK_PAYMENT,
    "refund": MovementKind.REFUND,
}
_BASELINES = {
    "target": BaselineKind.TARGET,
    "registered": BaselineKind.REGISTERED,
    "national": BaselineKind.NATIONAL,
    "previous": BaselineKind.NATIONAL,
}


@dataclass(slots=True)
class _Line:
    initial: int | None = None
    current: int = 0
    since: date | None = None
    disbursed: int = 0
    certified: int = 0
    advance: int = 0

    def add(self, effect: Effect) -> None:
        self.disbursed += effect.disbursed
        self.certified += effect.work_certified
        self.advance += effect.advance_outstanding


@dataclass(slots=True)
class _Book:
    project: str = ""
    lines: dict[str, _Line] = field(default_factory=dict)
    statements: dict[str, list[StatementLine]] = field(default_factory=dict)
    points: dict[str, list[BaselinePoint]] = field(default_factory=dict)
    years: dict[str, int] = field(default_factory=dict)
    books: date | None = None
    cutoff: date | None = None
    last_movement: date | None = None


def ledger(
    text: str, *, subject_type: SubjectType = SubjectType.PROJECT, province_code: str = "96"
) -> Progress:
    """The progress of the one project of a ledger text, at its cut-off.

    Raises ``ValueError`` naming the line that cannot be read.
    """
    book = _Book()
    entries = list(_entries(text))
    cutoffs = [day for day, verb, _, _ in entries if verb == "cutoff"]
    if len(cutoffs) != 1:
        raise ValueError("a ledger text has one cutoff")
    book.cutoff = cutoffs[0]
    for day, verb, words, written in entries:
        try:
            _enter(book, day, verb, words)
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{written!r}: {error}") from error
    return _progress(book, subject_type, province_code)


def _entries(text: str) -> Iterator[tuple[date, str, list[str], str]]:
    for raw in text.splitlines():
        written = raw.partition("#")[0].strip()
        if written:
            day, verb, *words = written.split()
            yield date.fromisoformat(day), verb, words, written


def _enter(book: _Book, day: date, verb: str, words: list[str]) -> None:
    assert book.cutoff is not None
    if verb in _BASELINES:
        basis_points = Decimal(words[0].removesuffix("%")) * 100
        if basis_points != int(basis_points) or not words[0].endswith("%"):
            raise ValueError("a point is a percentage of at most two decimals, as 22.37%")
        book.points.setdefault(verb, []).append(BaselinePoint(day, basis_points=int(basis_points)))
        book.years.setdefault(verb, day.year)
    elif verb == "books":
        book.books = day
    elif verb == "plan" and day <= book.cutoff:
        line = _line(book, words[0], words[2:])
        line.current = int(words[1])
        line.initial = line.current if line.initial is None else line.initial
        line.since = day
    elif verb == "statement" and day <= book.cutoff:
        _state(book, day, words)
    elif verb in _KINDS and day <= book.cutoff:
        booking = RecoveryBooking.NET if "net" in words else RecoveryBooking.GROSS
        line = _line(book, words[0], [word for word in words[2:] if word != "net"])
        movement = Movement(
            source="text",
            source_ref=f"{day} {verb} {words}",
            project_code=words[0],
            fund_source=DEFAULT_FUND,
            budget_year=day.year,
            kind=_KINDS[verb],
            amount=Money(int(words[1])),
            value_date=day,
            recovery_booking=booking,
        )
        line.add(movement.effect())
        book.last_movement = max(day, book.last_movement or day)
    elif verb not in {"plan", "statement", "cutoff", *_KINDS}:
        raise ValueError(f"unknown entry {verb}")


def _state(book: _Book, day: date, words: list[str]) -> None:
    line = _line(book, words[0], words[2:])
    known = book.statements.setdefault(words[0], [])
    statement = StatementLine(
        source="text",
        source_ref=f"{day} statement {words}",
        project_code=words[0],
        fund_source=DEFAULT_FUND,
        budget_year=day.year,
        cumulative=Money(int(words[1])),
        as_of=day,
    )
    for posting in statement_postings(statement, known):
        line.add(posting.transfer.effect)
    known.append(statement)


def _line(book: _Book, project: str, fund: list[str]) -> _Line:
    if book.project and project != book.project:
        raise ValueError(f"a ledger text is about one project, this one about {book.project}")
    book.project = project
    return book.lines.setdefault(fund[0] if fund else DEFAULT_FUND, _Line())


def _progress(book: _Book, subject_type: SubjectType, province_code: str) -> Progress:
    assert book.cutoff is not None
    budget_year = book.years.get("target", book.cutoff.year)
    books = book.books or book.cutoff
    dated = [line.since for line in book.lines.values() if line.since]
    return Progress(
        subject=Subject(subject_type, book.project, book.project, province_code),
        budget_year=budget_year,
        as_of=min(book.cutoff, books),
        business_date=book.cutoff,
        books_through=books,
        lines=tuple(
            FundLine(
                fund_source=fund,
                initial_plan=line.initial or 0,
                current_plan=line.current,
                disbursed=line.disbursed,
                work_certified=line.certified,
                advance_outstanding=line.advance,
            )
            for fund, line in sorted(book.lines.items())
        ),
        baselines=tuple(_schedule(book, verb, points) for verb, points in book.points.items()),
        plan_decision_number="QĐ" if dated else "",
        plan_effective_date=max(dated, default=None),
        last_movement_date=book.last_movement,
    )


def _schedule(book: _Book, verb: str, points: list[BaselinePoint]) -> BaselineSchedule:
    is_national = _BASELINES[verb] is BaselineKind.NATIONAL
    return BaselineSchedule(
        source="text",
        source_ref=verb,
        kind=_BASELINES[verb],
        scope_code=NATIONAL_SCOPE if is_national else book.project,
        budget_year=book.years[verb],
        points=tuple(sorted(points, key=lambda point: point.day)),
        decision_number=verb,
        effective_date=date(book.years[verb], 1, 1),
        rate_base="pm_assigned" if is_national else "plan",
    )


def without_books(progress: Progress) -> Progress:
    """The same where nothing was ever reported."""
    return replace(progress, books_through=None, as_of=progress.business_date)
