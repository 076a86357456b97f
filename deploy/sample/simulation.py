"""Simulated vouchers of Cà Mau's projects: dated movements that add up to each line's disbursement.

Nothing here happened. Only their sum did: 1,207.2 billion đồng on 31 May 2022.
"""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from deploy.sample.published import CA_MAU_AS_OF, FOLDER

_SEED = 20220531
# New Year's Day, Tết, the Hùng Kings' day and the May holiday of 2022: the Treasury is closed.
_HOLIDAYS = {
    date(2022, 1, 3),
    *(date(2022, 1, 31) + timedelta(days) for days in range(5)),
    date(2022, 4, 11),
    date(2022, 5, 2),
    date(2022, 5, 3),
}
_FIRST_DAY = date(2022, 1, 10)
ADJUSTMENT_DAY = date(2022, 5, 20)
_MILLION_PER_PAYMENT = 4_500
_FEWEST_PAYMENTS, _MOST_PAYMENTS = 2, 14
# A district's line that gave money back to the budget; chosen so that the sample holds a refund.
_REFUNDING_PROJECT = "MP96-021"
_REFUND_VND_MILLION = 350


@dataclass(frozen=True, slots=True)
class Line:
    """A project's appropriation from one fund source; amounts in million đồng, all simulated."""

    project_code: str
    project_name: str
    is_real_name: bool
    owner_code: str
    owner_name: str
    accountable_officer: str
    fund_source: str
    project_group: str
    district: str
    sector: str
    initial: int
    adjusted: int
    disbursed: int


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line of a voucher; ``amount`` in million đồng above zero, ``kind`` as offices word it."""

    day: date
    line: Line
    kind: str
    amount: int
    with_recovery: int = 0


ADVANCE = "Tạm ứng"
RECOVERY = "Thu hồi tạm ứng"
PAYMENT = "Thanh toán khối lượng hoàn thành"
REFUND = "Hoàn trả ngân sách"


def lines() -> list[Line]:
    """The rows of ``ca_mau_projects.csv``."""
    with (FOLDER / "ca_mau_projects.csv").open(encoding="utf-8", newline="") as file:
        return [
            Line(
                project_code=row["project_code"],
                project_name=row["project_name"],
                is_real_name=row["name_is"] == "real",
                owner_code=row["owner_code"],
                owner_name=row["owner_name"],
                accountable_officer=row["accountable_officer"],
                fund_source=row["fund_source"],
                project_group=row["project_group"],
                district=row["district"],
                sector=row["sector"],
                initial=int(row["initial_vnd_million"]),
                adjusted=int(row["adjusted_vnd_million"]),
                disbursed=int(row["disbursed_vnd_million"]),
            )
            for row in csv.DictReader(file)
        ]


def vouchers() -> list[VoucherLine]:
    """Every movement by date: per line an advance, then payments with the advance recovered from them.

    A payment's recovery rides on it (``with_recovery``): the two are lines of one voucher.
    """
    random = Random(_SEED)  # noqa: S311 - a reproducible sample, not a secret
    movements = [movement for line in lines() for movement in _movements(line, random)]
    return sorted(movements, key=lambda movement: movement.day)


def _movements(line: Line, random: Random) -> Iterator[VoucherLine]:
    """Net of recoveries and refund the movements of a line are exactly ``line.disbursed``.

    The advance stays under 30 % of the plan (Decree 99/2021/NĐ-CP, art. 10) and every payment above
    the recovery it carries, so that neither a line's balance nor its advance is ever below zero.
    """
    if line.disbursed == 0:
        return
    first_day = _FIRST_DAY if line.initial else ADJUSTMENT_DAY
    advance = min(
        line.adjusted * random.randint(8, 24) // 100, line.disbursed * random.randint(30, 55) // 100
    )
    recovered = advance * random.randint(20, 70) // 100
    refund = _REFUND_VND_MILLION if line.project_code == _REFUNDING_PROJECT else 0
    paid = line.disbursed - advance + recovered + refund
    wanted = paid // _MILLION_PER_PAYMENT + random.randint(1, 3)
    days = _payment_days(first_day, min(max(wanted, _FEWEST_PAYMENTS), _MOST_PAYMENTS), random)
    yield VoucherLine(days[0], line, ADVANCE, advance)
    # Later payments are larger: work picks up after Tết.
    weights = [random.randint(50, 100) * (1 + place / len(days)) for place in range(len(days) - 1)]
    payments, recoveries = _split(paid, weights), _split(recovered, weights)
    for day, payment, recovery in zip(days[1:], payments, recoveries, strict=True):
        yield VoucherLine(day, line, PAYMENT, payment, with_recovery=recovery)
    if refund:
        yield VoucherLine(CA_MAU_AS_OF, line, REFUND, refund)


def _payment_days(first_day: date, payments: int, random: Random) -> list[date]:
    """The advance's day and, later, those of the payments: working days up to 31 May, rising."""
    span = (CA_MAU_AS_OF - first_day).days + 1
    working = [day for days in range(span) if _is_working(day := first_day + timedelta(days))]
    first_third = max(len(working) // 3, 1)
    advance_day = working[random.randrange(first_third)]
    later = [day for day in working if day > advance_day]
    return [advance_day, *sorted(random.sample(later, min(payments, len(later))))]


def _is_working(day: date) -> bool:
    return day.weekday() < calendar.SATURDAY and day not in _HOLIDAYS


def _split(total: int, weights: list[float]) -> list[int]:
    """``total`` in parts by weight, whole, adding up exactly."""
    whole = sum(weights)
    ends = [int(total * reached / whole) for reached in accumulate(weights)]
    ends[-1] = total
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
