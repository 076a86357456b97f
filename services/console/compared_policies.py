"""What a back-test compares: policy files, folders of files that hold together, the straight line."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from services.backtest.backtest import NamedPolicy
from services.domain.disbursement import Series
from services.domain.past_day import Policy

# A policy of no file: the rules in force, by a straight line to 31 December in place of the target.
LINEAR = "linear"
_RULES, _SERIES = "services.alert.policy", "services.aggregation.series_policy"


class PolicyOption(click.Path):
    """A policy file, a folder of them, or the word ``linear``."""

    name = "policy"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(super().convert(value, param, ctx)))
        if str(path) != LINEAR and not path.exists():
            self.fail(f"{path}: không có tệp hay thư mục này / there is no such file or folder", param, ctx)
        return path


def load(
    given: Sequence[Path], *, policy_dir: Path, provinces: Sequence[str], budget_year: int
) -> list[NamedPolicy]:
    """The policies in the order given; those in force where none is. Raises ``StopServiceError`` naming every
    fault of a file."""
    read = importlib.import_module(_RULES).load
    live = policy_dir / "rules"
    compared: list[NamedPolicy] = []
    for path in given or [live]:
        is_linear = str(path) == LINEAR
        policies = read(live if is_linear else path)
        by_province = {
            province: _policy(
                policies.rules_for(province_code=province, budget_year=budget_year), is_linear=is_linear
            )
            for province in provinces
        }
        name = LINEAR if is_linear else path.stem
        taken = {policy.name for policy in compared}
        compared.append(NamedPolicy(f"{name} ({len(compared) + 1})" if name in taken else name, by_province))
    return compared


def _policy(entries: dict[Any, Any], *, is_linear: bool) -> Policy:
    return Policy(tuple(entry.rule() for entry in entries.values()), is_linear=is_linear)


def series(policy_dir: Path) -> tuple[Series, ...]:
    """Which account of the money counts. Raises ``StopServiceError``."""
    order: list[Series] = importlib.import_module(_SERIES).load(policy_dir)
    return tuple(order)
