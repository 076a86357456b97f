"""A service as a process that lacks one of the protocol's guards: what the guard is for shows then.

The guards, and how each is taken out, are those of the simulation (``deploy/simulation/guards.py``).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.processes import ServiceProcess
from deploy.simulation.guards import removed

_ROOT = Path(__file__).resolve().parents[2]


class UnguardedProcess(ServiceProcess):
    """A service without that guard; its database needs the guard's ``statements``."""

    def __init__(
        self, guard: str, service: str, port: int, environment: Mapping[str, str], log_file: Path
    ) -> None:
        environment = {**environment, "PYTHONPATH": str(_ROOT)}
        super().__init__(service, port=port, environment=environment, log_file=log_file)
        self._guard = guard

    def _command(self) -> list[str]:
        return [sys.executable, "-P", "-m", "tests.chaos.unguarded", self._guard, self.name]


if __name__ == "__main__":
    with removed(sys.argv[1]):
        # Imported now: a module that took the guard's function by name takes what stands in its place.
        sys.exit(importlib.import_module(f"services.{sys.argv[2]}.__main__").main())
