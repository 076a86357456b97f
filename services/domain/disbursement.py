"""Movements of money and cumulative statements, and what each does to the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.domain import event_identity
from services.domain.accounts import Account, Effect, Transfer
from services.domain.fiscal_calendar import carried_into
from services.domain.money import Money


class MovementKind(StrEnum):
    """What a movement is."""

    ADVANCE = "advance"
    ADVANCE_RECOVERY = "advance_recovery"
    COMPLETED_WORK_PAYMENT = "completed_work_payment"
    REFUND = "refund"
    REVERSAL = "reversal"


class FigureStatus(StrEnum):
    """Booked, or a forecast of the booking (ước thực hiện)."""

    ACTUAL = "actual"
    ESTIMATE = "estimate"


class Reporter(StrEnum):
    """Whose books a figure stands in."""

    TREASURY = "treasury"
    OWNER = "owner"


class RecoveryBooking(StrEnum):
    """How a source books a payment from which an advance is recovered (docs/adr/0004)."""

    GROSS = "gross"
    NET = "net"


class Series(StrEnum):
    """An independent account of the same money. Two series of a line are compared, never added."""

    TREASURY_VOUCHERS = "treasury_vouchers"
    TREASURY_STATEMENTS = "treasury_statements"
    OWNER_VOUCHERS = "owner_vouchers"
    OWNER_STATEMENTS = "owner_statements"
    # Estimated vouchers: kept and shown, in no order of preference, so never counted.
    TREASURY_VOUCHER_ESTIMATES = "treasury_voucher_estimates"
    OWNER_VOUCHER_ESTIMATES = "owner_voucher_estimates"


# (kind, booking) -> the account that is debited, and the one that is credited.
# Gross: payment 70 with recovery 30 is 70 of work, and the 30 comes back in.
# Net: payment 70 is what is left after the recovery of 30: 100 of work, and no cash comes back.
# What a refund gives back was an advance or work; which is not stated, so it comes back to the appropriation.
_TRANSFERS: dict[tuple[MovementKind, RecoveryBooking], tuple[Account, Account]] = {
    (MovementKind.ADVANCE, RecoveryBooking.GROSS): (Account.ADVANCE_OUTSTANDING, Account.TREASURY),
    (MovementKind.ADVANCE, RecoveryBooking.NET): (Account.ADVANCE_OUTSTANDING, Account.TREASURY),
    (MovementKind.ADVANCE_RECOVERY, RecoveryBooking.GROSS): (Account.TREASURY, Account.ADVANCE_OUTSTANDING),
    (MovementKind.ADVANCE_RECOVERY, RecoveryBooking.NET): (Account.WORK_PAID, Account.ADVANCE_OUTSTANDING),
    (MovementKind.COMPLETED_WORK_PAYMENT, RecoveryBooking.GROSS): (Account.WORK_PAID, Account.TREASURY),
    (MovementKind.COMPLETED_WORK_PAYMENT, RecoveryBooking.NET): (Account.WORK_PAID, Account.TREASURY),
    (MovementKind.REFUND, RecoveryBooking.GROSS): (Account.TREASURY, Account.APPROPRIATION),
    (MovementKind.REFUND, RecoveryBooking.NET): (Account.TREASURY, Account.APPROPRIATION),
}


@dataclass(frozen=True, slots=True)
class Movement(event_identity.Identified):
    """One dated movement on a project's appropriation; ``amount`` is above zero, the kind signs it."""

    source: str
    source_ref: str
    project_code: str
    fund_source: str
    budget_year: int
    kind: MovementKind
    amount: Money
    value_date: date
    status: FigureStatus = FigureStatus.ACTUAL
    reporter: Reporter = Reporter.TREASURY
    recovery_booking: RecoveryBooking = RecoveryBooking.GROSS
    reverses_event_id: UUID | None = None

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "movement",
                "project_code": self.project_code,
                "fund_source": self.fund_source,
                "budget_year": self.budget_year,
                "kind": self.kind,
                "minor_units": self.amount.minor_units,
                "currency": self.amount.currency,
                "value_date": self.value_date.isoformat(),
                "status": self.status,
                "reporter": self.reporter,
                "recovery_booking": self.recovery_booking,
                "reverses_event_id": str(self.reverses_event_id) if self.reverses_event_id else None,
            }
        )

    @property
    def carried_into(self) -> int | None:
        """The year whose carry-over capital it is on; ``None`` for the year's own plan."""
        return carried_into(self.value_date, self.budget_year)

    @property
    def series(self) -> Series:
        form = "vouchers" if self.status is FigureStatus.ACTUAL else "voucher_estimates"
        return Series(f"{self.reporter}_{form}")

    def transfer(self) -> Transfer:
        """The transfer between two accounts that the movement is.

        Raises ``KeyError`` for a reversal: it is the transfer of the movement it names, the other way.
        """
        debit, credit = _TRANSFERS[self.kind, self.recovery_booking]
        return Transfer(debit, credit, self.amount.minor_units)

    def effect(self) -> Effect:
        """What the movement adds to the books. Raises as ``transfer`` does."""
        return self.transfer().effect


@dataclass(frozen=True, slots=True)
class StatementLine(event_identity.Identified):
    """One line of a cumulative statement (lũy kế): disbursed from 1 January up to ``as_of``.

    After the year's closing day it states its carried-over capital alone (vốn kéo dài), from 1 January of the
    year of ``as_of``: offices report that apart, never on top of what was paid before.
    """

    source: str
    source_ref: str
    project_code: str
    fund_source: str
    budget_year: int
    cumulative: Money
    as_of: date
    status: FigureStatus = FigureStatus.ACTUAL
    reporter: Reporter = Reporter.TREASURY
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "statement_line",
                "project_code": self.project_code,
                "fund_source": self.fund_source,
                "budget_year": self.budget_year,
                "minor_units": self.cumulative.minor_units,
                "currency": self.cumulative.currency,
                "as_of": self.as_of.isoformat(),
                "status": self.status,
                "reporter": self.reporter,
                "revision": self.revision,
            }
        )

    @property
    def series(self) -> Series:
        return Series(f"{self.reporter}_statements")

    @property
    def carried_into(self) -> int | None:
        """The year whose carry-over capital it states; ``None`` for the year's own plan."""
        return carried_into(self.as_of, self.budget_year)

    @property
    def precedence(self) -> tuple[bool, int, UUID]:
        """Which of two statements of the same line and date counts: booked before estimated, then
        the higher revision, then the id, so that any order of arrival gives one answer."""
        return (self.status is FigureStatus.ACTUAL, self.revision, self.event_id)


@dataclass(frozen=True, slots=True)
class CompletedWorkLine(event_identity.Identified):
    """What the work done on a project is worth (giá trị khối lượng hoàn thành), from 1 January up to
    ``as_of``: earned value, as its owner reports it. No cash moves by it."""

    source: str
    source_ref: str
    project_code: str
    budget_year: int
    cumulative: Money
    as_of: date
    status: FigureStatus = FigureStatus.ACTUAL
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "completed_work_line",
                "project_code": self.project_code,
                "budget_year": self.budget_year,
                "minor_units": self.cumulative.minor_units,
                "currency": self.cumulative.currency,
                "as_of": self.as_of.isoformat(),
                "status": self.status,
                "revision": self.revision,
            }
        )


@dataclass(frozen=True, slots=True)
class StatementPosting:
    """A movement that a statement leads to: ``disbursed`` is what changed at ``value_date``."""

    event_id: UUID
    value_date: date
    disbursed: int

    @property
    def transfer(self) -> Transfer:
        """A statement says what was charged to the appropriation, not what for."""
        if self.disbursed > 0:
            return Transfer(Account.APPROPRIATION, Account.TREASURY, self.disbursed)
        return Transfer(Account.TREASURY, Account.APPROPRIATION, -self.disbursed)


def statement_postings(line: StatementLine, known: Iterable[StatementLine]) -> list[StatementPosting]:
    """The movements that ``line`` adds, given the statements of the same line and series already known.

    Appended, never edited, and in whatever order statements arrive the balance at each date is that
    of the latest statement up to it: a statement that comes in between posts its difference at its
    own date and takes the same difference back at the next statement's date, whose cumulative figure
    already held it. A fall posts a negative movement. Statements of carried-over capital count apart.
    """
    effective: dict[date, StatementLine] = {}
    for other in known:
        if other.carried_into != line.carried_into:
            continue
        current = effective.get(other.as_of)
        if current is None or other.precedence > current.precedence:
            effective[other.as_of] = other

    superseded = effective.get(line.as_of)
    if superseded is not None and superseded.precedence >= line.precedence:
        return []

    before = max((day for day in effective if day <= line.as_of), default=None)
    balance_before = effective[before].cumulative.minor_units if before else 0
    difference = line.cumulative.minor_units - balance_before
    if difference == 0:
        return []

    postings = [_posting(line, line.as_of, difference)]
    following = min((day for day in effective if day > line.as_of), default=None)
    if following:
        postings.append(_posting(line, following, -difference))
    return postings


def _posting(line: StatementLine, value_date: date, disbursed: int) -> StatementPosting:
    posting_id = event_identity.posting_id(
        statement_event_id=line.event_id, value_date=value_date.isoformat()
    )
    return StatementPosting(posting_id, value_date, disbursed)
