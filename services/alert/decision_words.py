"""The plan decisions behind an alert, as aggregation names them, and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from services.alert.number_text import Language, day, money
from services.domain.plan import PlanBase
from services.runtime.fund_sources import FundSourceNames

# A list that goes on says how many more there are.
_MOST_SAID = 20

_DECISION: Mapping[Language, str] = {
    "vi": "Quyết định {number} ngày {on}, hiệu lực từ {since}: {amount}, {base}, nguồn {fund_source}.",
    "en": "Decision {number} of {on}, in force since {since}: {amount}, {base}, fund source {fund_source}.",
}
_MORE: Mapping[Language, str] = {
    "vi": "Còn {count} quyết định nữa.",
    "en": "Decisions not shown here: {count}.",
}
_STAGES: Mapping[PlanBase, Mapping[Language, str]] = {
    PlanBase.INITIAL: {"vi": "giao đầu năm", "en": "as first assigned"},
    PlanBase.ADJUSTED: {"vi": "điều chỉnh", "en": "adjusted"},
    PlanBase.ALLOCATED: {"vi": "phân bổ chi tiết", "en": "allocated in detail"},
    PlanBase.CARRY_OVER: {"vi": "kéo dài từ năm trước", "en": "carried over"},
}


class PlanDecision(BaseModel):
    """A plan decision in force on the day, over all lines of the subject from one fund source."""

    model_config = ConfigDict(frozen=True)

    decision_number: str = Field(description="Its number.")
    decision_date: date = Field(description="The day it was signed.")
    effective_date: date = Field(description="The day it takes effect.")
    base: PlanBase = Field(description="initial, adjusted, allocated or carry_over.")
    fund_source: str = Field(description="Code of the fund source.")
    amount: int = Field(description="Over all lines, in minor units of the figures' currency.")


def of_decisions(
    found: Sequence[PlanDecision], currency: str, names: FundSourceNames, language: Language
) -> Iterator[str]:
    """Each of the first decisions, and how many there are beyond them."""
    for each in found[:_MOST_SAID]:
        yield _DECISION[language].format(
            number=each.decision_number,
            on=day(each.decision_date, language),
            since=day(each.effective_date, language),
            amount=money(each.amount, currency, language),
            base=_STAGES[each.base][language],
            fund_source=names.with_code(each.fund_source, language),
        )
    if len(found) > _MOST_SAID:
        yield _MORE[language].format(count=len(found) - _MOST_SAID)
