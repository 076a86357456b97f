"""Which account of the money counts where a line has several: deploy/policy/series.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.domain.disbursement import Series
from services.runtime.errors import StopServiceError


class _SeriesPolicy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)
    order: list[Series] = Field(min_length=1)

    @field_validator("order")
    @classmethod
    def _no_repeats(cls, order: list[Series]) -> list[Series]:
        if len(set(order)) != len(order):
            raise ValueError("a series is named twice")
        return order


def load(policy_dir: Path) -> list[Series]:
    """The series that may count, the preferred first. Raises ``StopServiceError`` naming the fault."""
    path = policy_dir / "series.yaml"
    try:
        return _SeriesPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).order
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise StopServiceError(f"{path.name}: {error}") from error
