"""Policies to be compared, each a file or a folder of files that hold together."""

from __future__ import annotations

import importlib
import tempfile, shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.backtest.backtest import NamedPolicy
from services.domain._agreed import Policy
from services.domain.disbursement import Series
from services.runtime.errors import StopServiceError
import yaml

PolicyError = StopServiceError

@dataclass
class Files:
    read: list[tuple[str, Any]]
    def named(self, provinces: Sequence[str], *, budget_year: int) -> list[NamedPolicy]:
        return [NamedPolicy(name, {p: Policy(tuple(e.rule() for e in f.rules_for(province_code=p, budget_year=budget_year).values())) for p in provinces}) for name, f in self.read]

def load(paths: Iterable[Path]) -> Files:
    m = importlib.import_module("services.alert.policy")
    out = []
    for p in paths:
        if p.is_dir():
            out.append((p.name, m.load(p)))
        else:
            d = Path(tempfile.mkdtemp()); shutil.copy(p, d); out.append((p.stem, m.load(d)))
    return Files(out)

def series(policy_dir: Path) -> list[Series]:
    return [Series(s) for s in yaml.safe_load((policy_dir / "series.yaml").read_text())["order"]]
