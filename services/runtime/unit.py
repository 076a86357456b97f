"""A province, or an owner within it: what a caller may be bound to. Needs nothing but this file."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT = re.compile(r"[0-9]{2}(/[^\s\x00-\x1f\x7f]{1,64})?")


@dataclass(frozen=True, slots=True)
class Unit:
    """``""`` is everything, ``"96"`` a province, ``"96/O1"`` an owner within its province.

    Raises ``ValueError`` for any other text.
    """

    code: str = ""

    def __post_init__(self) -> None:
        if self.code and not _UNIT.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is no unit: a province (96) or an owner within it (96/<owner>)")

    @property
    def is_everything(self) -> bool:
        return not self.code

    @property
    def province_code(self) -> str:
        """Empty for everything."""
        return self.code.partition("/")[0]

    @property
    def owner_code(self) -> str:
        """Empty for everything, and for a province."""
        return self.code.partition("/")[2]

    def covers(self, *, province_code: str | None, owner_code: str | None) -> bool:
        """Whether what belongs to that province and owner is this unit's or under it.

        What belongs to no province (``None`` or empty) is covered by everything alone, and what belongs to a
        province as a whole (no owner) by no owner.
        """
        if self.is_everything:
            return True
        if self.province_code != province_code:
            return False
        return not self.owner_code or self.owner_code == owner_code


EVERYTHING = Unit()
