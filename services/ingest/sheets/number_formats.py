"""Number formats that show another number than the cell holds: a percent, or one divided by thousands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from services.ingest.sheets import numbers

_TEXT = r'"[^"]*"|\\.'
_QUOTED = re.compile(_TEXT)
# What stands in a format beside its placeholders: text, padding, fill, colours and currencies.
_BESIDE = re.compile(rf"{_TEXT}|[_*].|\[[^\]]*\]")
# A comma between placeholders groups; behind the last one it divides by a thousand.
_DIVIDING = re.compile(r"[0#?](,+)(?![0#?,])")
_DECIMALS = re.compile(r"\.([0#?]+)")
# 9041 shown as 9.041.000: the zeros are text that the format writes behind the number.
_DIGITS_BEHIND = re.compile(r'[0#?]((?:"[.,\s]*[0-9][^"]*"|\\[.,\s]|\\[0-9])+)')


@dataclass(frozen=True, slots=True)
class OddFormat:
    """A format that divides by ``divisor`` or writes digits of its own ``behind`` the number, or writes
    a percent sign behind a number that is no fraction (``names_percent``)."""

    divisor: int = 1
    decimals: int = 0
    behind: str = ""
    names_percent: bool = False

    def shown(self, number: Decimal) -> str:
        """The number as the workbook shows it."""
        decimals = max(self.decimals, 0)
        divided = (number / self.divisor).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return numbers.written(divided) + self.behind


def shows_percent(code: str) -> bool:
    """Whether the format shows a fraction as percents."""
    return "%" in _BESIDE.sub("", code)


def odd_format(code: str) -> OddFormat | None:
    """The format where it shows another number than the cell holds; ``None`` for most."""
    for section in code.split(";"):
        bare = _BESIDE.sub(" ", section)
        dividing = _DIVIDING.search(bare)
        behind = _DIGITS_BEHIND.search(section)
        digits = "".join(sign for sign in behind[1] if sign not in '"\\') if behind else ""
        if dividing or any(sign.isdigit() for sign in digits):
            decimals = _DECIMALS.search(bare)
            return OddFormat(
                divisor=1_000 ** len(dividing[1]) if dividing else 1,
                decimals=len(decimals[1]) if decimals else 0,
                behind=digits,
            )
    if not shows_percent(code) and any("%" in text for text in _QUOTED.findall(code)):
        return OddFormat(names_percent=True)
    return None
