"""The budget year and its thirteen months.

A Vietnamese budget year runs from 1 January; payments on its appropriation close on 31 January of
the next year (Law on Public Investment 39/2019/QH14, art. 68), so a curve has thirteen months.

What is left may be carried over by a decision (vốn kéo dài) and is then paid until 31 December of the year
it is carried into: the year after as a rule, and one more where the National Assembly or the Prime Minister
allows it (docs/adr/0025).
"""

from __future__ import annotations

import calendar
from datetime import date
from fractions import Fraction
from functools import lru_cache

# The month position of 31 December.
YEAR_END_MONTH = 12
MONTHS_TO_CLOSE = 13
MOST_YEARS_CARRIED = 2


def first_day(budget_year: int) -> date:
    """1 January of the budget year."""
    return date(budget_year, 1, 1)


def closing_day(budget_year: int) -> date:
    """31 January of the next year: the last value date on the year's appropriation."""
    return date(budget_year + 1, 1, 31)


def is_in_budget_year(day: date, budget_year: int) -> bool:
    """Whether a payment of that value date can be on the year's appropriation."""
    return day.year == budget_year or (day.year == budget_year + 1 and day.month == 1)


def last_carried_day(budget_year: int) -> date:
    """31 December of the last year into which capital of the budget year may have been carried over."""
    return date(budget_year + MOST_YEARS_CARRIED, 12, 31)


def carried_into(day: date, budget_year: int) -> int | None:
    """The year into which capital of ``budget_year`` that is paid on ``day`` was carried over; ``None`` up to
    the year's closing day, when it is no carry-over capital."""
    return None if day <= closing_day(budget_year) else day.year


def month_end(day: date) -> date:
    """The last day of the month of ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


@lru_cache(maxsize=4_096)
def month_position(day: date, budget_year: int) -> Fraction:
    """Months elapsed at the end of ``day``: 31 May is exactly 5, 15 June is 5 + 15/30.

    The axis counts months, each as long as the other, so that a published milestone "50 % at the
    end of month 6" is met exactly at the month's end and earned schedule comes out in months.
    Clamped to 0..13.
    """
    if day < first_day(budget_year):
        return Fraction(0)
    if day > closing_day(budget_year):
        return Fraction(MONTHS_TO_CLOSE)
    months_before = (day.year - budget_year) * 12 + day.month - 1
    return months_before + Fraction(day.day, month_end(day).day)
