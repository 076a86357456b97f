"""What a back-test compares: policy files, and folders of files that hold together."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from services.backtest.backtest import NamedPolicy
from services.domain.disbursement import Series

_RULES, _SERIES = "services.alert.policy", "services.aggregation.series_policy"


def load(
    given: Sequence[Path], *, policy_dir: Path, provinces: Sequence[str], budget_year: int
) -> list[NamedPolicy]:
    """The policies in the order given; those in force where none is. Raises ``StopServiceError`` naming every
    fault of a file."""
    read = importlib.import_module(_RULES).load
    compared: list[NamedPolicy] = []
    for path in given or [policy_dir / "rules"]:
        policies = read(path)
        by_province = {
            province: policies.policy_for(province_code=province, budget_year=budget_year)
            for province in provinces
        }
        taken = {policy.name for policy in compared}
        name = path.stem if path.stem not in taken else f"{path.stem} ({len(compared) + 1})"
        compared.append(NamedPolicy(name, by_province))
    return compared


def series(policy_dir: Path) -> tuple[Series, ...]:
    """Which account of the money counts. Raises ``StopServiceError``."""
    order: list[Series] = importlib.import_module(_SERIES).load(policy_dir)
    return tuple(order)
