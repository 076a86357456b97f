"""What the figures of an alert are made of: amounts, shares, indices, months."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_DECIMALS = 6

MinorUnits = Annotated[int, Field(description="Amount in minor units of `currency` (1 VND = 1 đồng).")]
Months = Annotated[float, Field(description="Months of the budget year, six decimals.")]
Share = Annotated[float, Field(description="Share of the plan in force: 1 is the whole plan, six decimals.")]
Index = Annotated[float, Field(description="Ratio without unit: 1 is exactly as planned, six decimals.")]


class TypedFigures(BaseModel):
    """Figures told together; they never change once told."""

    model_config = ConfigDict(frozen=True)


def six(value: Fraction | None) -> float | None:
    """The ratio to six decimals; ``None`` stays what is not known."""
    return None if value is None else rounded(value)


def rounded(value: Fraction) -> float:
    """The ratio to six decimals, as it leaves the service."""
    return float(round(value, _DECIMALS))
