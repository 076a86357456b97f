"""Cà Mau at 31 May 2022, as published, for tests.

1,207.2 billion đồng, published as 34 % of the plan:
https://vietnammoi.vn/ca-mau-day-nhanh-giai-ngan-von-dau-tu-cong-cac-du-an-trong-diem-20236521740619.htm
The plan of about 3,551 billion is derived from the two, not published; it was 3,152 billion in February.
National rate 22.37 % of the plan assigned by the Prime Minister: https://m.tieudungplus.vn/giai-tri-c29.html
Target milestones: deploy/policy/rules/ca_mau_2022.yaml names the source.
"""

from __future__ import annotations

from datetime import date

from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.progress import FundLine, Progress, Subject, SubjectType

AS_OF = date(2022, 5, 31)
TARGET = {
    date(2022, 3, 31): 2000,
    date(2022, 6, 30): 5000,
    date(2022, 9, 30): 7500,
    date(2022, 12, 31): 10000,
}


def schedule(
    kind: BaselineKind,
    scope: str,
    points: dict[date, int],
    *,
    budget_year: int = 2022,
    rate_base: str = "plan",
) -> BaselineSchedule:
    """A curve through (day, basis points)."""
    return BaselineSchedule(
        source="test",
        source_ref=f"{kind}-{scope}-{budget_year}",
        kind=kind,
        scope_code=scope,
        budget_year=budget_year,
        points=tuple(BaselinePoint(day, basis_points=share) for day, share in points.items()),
        decision_number="Chương trình hành động 2022",
        effective_date=date(budget_year, 1, 1),
        rate_base=rate_base,
    )


BASELINES = (
    schedule(BaselineKind.TARGET, "96", TARGET),
    schedule(
        BaselineKind.NATIONAL,
        "VN",
        {date(2022, 4, 30): 1848, AS_OF: 2237, date(2022, 7, 31): 3447},
        rate_base="pm_assigned",
    ),
    schedule(
        BaselineKind.NATIONAL,
        "VN",
        {date(2021, 4, 30): 1865, date(2021, 7, 31): 3671},
        budget_year=2021,
        rate_base="pm_assigned",
    ),
)


def province(
    *,
    disbursed: int = 1_207_200_000_000,
    version: int = 1,
    as_of: date = AS_OF,
    business_date: date | None = None,
    subject: Subject | None = None,
    watermark: int = 1,
    includes_estimate: bool = False,
) -> Progress:
    """The province's progress; with other figures where a test needs them."""
    return Progress(
        subject=subject or Subject(SubjectType.PROVINCE, "96", "Cà Mau", "96"),
        budget_year=2022,
        as_of=as_of,
        business_date=business_date or as_of,
        books_through=as_of,
        lines=(FundLine("all", 3_152_000_000_000, 3_551_000_000_000, 0, disbursed),),
        baselines=BASELINES,
        plan_decision_number="điều chỉnh kế hoạch 2022",
        plan_effective_date=date(2022, 5, 1),
        last_movement_date=as_of,
        ledger_watermark=watermark,
        version=version,
        includes_estimate=includes_estimate,
    )
