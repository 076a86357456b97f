"""Names of the fund sources, in Vietnamese and English: deploy/policy/fund_sources.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from services.runtime.errors import StopServiceError


class _Name(BaseModel):
    model_config = ConfigDict(extra="ignore")

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class FundSourceNames:
    """Names by code."""

    by_code: dict[str, str]

    @classmethod
    def load(cls, policy_dir: Path) -> FundSourceNames:
        """Read the policy. Raises ``StopServiceError`` naming the fault."""
        path = policy_dir / "fund_sources.yaml"
        try:
            names = TypeAdapter(dict[str, _Name]).validate_python(
                yaml.safe_load(path.read_text(encoding="utf-8"))
            )
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise StopServiceError(f"{path.name}: {error}") from error
        return cls({code: f"{name.vi} / {name.en}" for code, name in names.items()})

    def of(self, code: str) -> str:
        """The name, Vietnamese first; a code that the policy does not name is called by itself."""
        return self.by_code.get(code, code)
