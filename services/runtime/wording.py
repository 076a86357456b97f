"""The words of a fault: why something is refused and how to mend it, in Vietnamese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Below it, a number is as well a year or a length, which nobody writes in groups of three.
_LEAST_GROUPED = 10_000


@dataclass(frozen=True, slots=True)
class Wording:
    """Why something is refused and how to mend it. Names in braces are filled in."""

    detail_vi: str
    detail_en: str
    mend_vi: str
    mend_en: str

    def detail(self, values: Mapping[str, Any]) -> str:
        """Why, Vietnamese first. Raises ``KeyError`` for a name that is not given."""
        return in_both(self.detail_vi, self.detail_en, values)

    def mend(self, values: Mapping[str, Any]) -> str:
        """How to mend it, Vietnamese first. Raises ``KeyError`` for a name that is not given."""
        return in_both(self.mend_vi, self.mend_en, values)


def in_both(vietnamese: str, english: str, values: Mapping[str, Any]) -> str:
    """Both texts with the values filled in; large numbers in groups, each language in its own way."""
    in_vietnamese = {name: _grouped(value, ".") for name, value in values.items()}
    in_english = {name: _grouped(value, ",") for name, value in values.items()}
    return f"{vietnamese.format(**in_vietnamese)} / {english.format(**in_english)}"


def _grouped(value: Any, mark: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) < _LEAST_GROUPED:
        return value
    return f"{value:,}".replace(",", mark)
