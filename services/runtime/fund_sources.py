"""Names of the fund sources, in Vietnamese and English: deploy/policy/fund_sources.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from services.domain.reallocation import Reallocation
from services.domain.validation import Fact
from services.runtime.errors import FieldError, StopServiceError
from services.runtime.field_faults import as_json, choices, field_fault

_NEAREST = 3


class FundSourceName(BaseModel):
    """One fund source by name."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class FundSourceNames:
    """Names by code. A code that the policy does not name is called by itself."""

    by_code: Mapping[str, FundSourceName]

    @classmethod
    def load(cls, policy_dir: Path) -> FundSourceNames:
        """Read the policy. Raises ``StopServiceError`` naming the fault."""
        path = policy_dir / "fund_sources.yaml"
        try:
            names = TypeAdapter(dict[str, FundSourceName]).validate_python(
                yaml.safe_load(path.read_text(encoding="utf-8"))
            )
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise StopServiceError(f"{path.name}: {error}") from error
        return cls(names)

    def nearest(self, code: str) -> list[str]:
        """The codes most like an unknown one, each with its Vietnamese name, the nearest first."""
        found = get_close_matches(code, self.by_code, n=_NEAREST, cutoff=0)
        return [f"{near} ({self.by_code[near].vi})" for near in found]

    def of(self, code: str) -> str:
        """The name in both languages, Vietnamese first."""
        name = self.by_code.get(code)
        return f"{name.vi} / {name.en}" if name else code

    def in_language(self, code: str, language: Literal["vi", "en"]) -> str:
        """The name in one language."""
        name = self.by_code.get(code)
        if name is None:
            return code
        return name.vi if language == "vi" else name.en

    def with_code(self, code: str, language: Literal["vi", "en"]) -> str:
        """The name in one language and the code, by which figures and files know it."""
        return f"{self.in_language(code, language)} ({code})" if code in self.by_code else code


def fund_source_faults(fact: Fact, names: FundSourceNames, *, place: str = "") -> Iterator[FieldError]:
    """The faults of a fact of fund sources that the policy does not name, each with the nearest that it does:
    its money would stand nowhere. ``place`` goes before the field's name."""
    for field, code in _fund_sources_of(fact):
        if code not in names.by_code:
            nearest = choices(names.nearest(code), is_all=False)
            yield field_fault("unknown-choice", where=f"{place}{field}", read=as_json(code), **nearest)


def _fund_sources_of(fact: Fact) -> Iterator[tuple[str, str]]:
    if isinstance(fact, Reallocation):
        for number, side in enumerate(fact.sides):
            yield f"sides.{number}.fund_source", side.fund_source
    elif (code := getattr(fact, "fund_source", None)) is not None:
        yield "fund_source", code
