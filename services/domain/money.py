"""Money: an integer of minor units with its ISO 4217 currency. A float never touches it."""

from __future__ import annotations

from dataclasses import dataclass

# Minor-unit digits of ISO 4217 for the currencies the system accepts. The standard gives the đồng 0.
MINOR_UNIT_DIGITS = {"VND": 0, "USD": 2, "EUR": 2, "JPY": 0}

# The books are kept in đồng: the Treasury books foreign-funded payments in đồng too, and amounts of two
# currencies do not add up.
LEDGER_CURRENCY = "VND"

# One quadrillion đồng is about a third of Vietnam's whole 2022 public-investment plan (580,000
# billion) times five; a single line above it is a unit mistake, and sums stay far inside 64 bits.
MAX_MINOR_UNITS = 10**15


class CurrencyMismatchError(ValueError):
    """Amounts of two currencies were added or compared."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in the minor unit of ``currency`` (1 VND = 1 đồng)."""

    minor_units: int
    currency: str = "VND"

    def __post_init__(self) -> None:
        if type(self.minor_units) is not int:
            raise TypeError(f"minor units are an integer, not {type(self.minor_units).__name__}")
        if self.currency not in MINOR_UNIT_DIGITS:
            raise ValueError(f"unknown currency {self.currency!r}; known: {', '.join(MINOR_UNIT_DIGITS)}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor_units + self._same_currency(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor_units - self._same_currency(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor_units, self.currency)

    def _same_currency(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency} do not add up")
        return other.minor_units
