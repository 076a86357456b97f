"""Double entry: every event of the ledger is one transfer between two of four accounts (docs/adr/0017).

A balance is what was debited less what was credited, in minor units: the four of a line always sum to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Account(StrEnum):
    """Where money of a line stands."""

    # Kho bạc Nhà nước: below zero by what it has paid out.
    TREASURY = "treasury"
    # Kế hoạch vốn: what was charged to it and is not itemised as an advance or as work.
    APPROPRIATION = "appropriation"
    # Tạm ứng chưa thu hồi.
    ADVANCE_OUTSTANDING = "advance_outstanding"
    # Khối lượng hoàn thành đã thanh toán.
    WORK_PAID = "work_paid"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one event adds to a line's books, in minor units (negative takes away)."""

    disbursed: int
    work_certified: int
    advance_outstanding: int

    def __neg__(self) -> Effect:
        return Effect(-self.disbursed, -self.work_certified, -self.advance_outstanding)

    @property
    def balances(self) -> dict[Account, int]:
        """What it adds to each account."""
        return {
            Account.TREASURY: -self.disbursed,
            Account.APPROPRIATION: self.disbursed - self.work_certified - self.advance_outstanding,
            Account.ADVANCE_OUTSTANDING: self.advance_outstanding,
            Account.WORK_PAID: self.work_certified,
        }


@dataclass(frozen=True, slots=True)
class Transfer:
    """``amount`` minor units, above zero, from the credited account to the debited one."""

    debit: Account
    credit: Account
    amount: int

    @property
    def postings(self) -> tuple[tuple[Account, int], tuple[Account, int]]:
        """The two postings, which sum to zero."""
        return (self.debit, self.amount), (self.credit, -self.amount)

    @property
    def effect(self) -> Effect:
        """What it adds to the books: disbursed is what left the treasury."""
        added = dict(self.postings)
        return Effect(
            disbursed=-added.get(Account.TREASURY, 0),
            work_certified=added.get(Account.WORK_PAID, 0),
            advance_outstanding=added.get(Account.ADVANCE_OUTSTANDING, 0),
        )
