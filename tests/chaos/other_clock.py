"""A service whose wall clock is wrong, while what measures how long something takes goes on as it does."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_DAY_SECONDS = 86_400


def environment(shift: str) -> dict[str, str]:
    """What a process needs so that its clock is wrong by ``shift`` (``+1d``, ``-1d``), and is not told the
    business date. Skips the test where the library does not work here."""
    # Found, not imported: it would set this process's own environment.
    package = importlib.util.find_spec("libfaketime")
    assert package
    assert package.origin
    library = Path(package.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    shifted = {"LD_PRELOAD": str(library), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={**os.environ, **shifted},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if not told or abs(float(told) - time.time()) < _DAY_SECONDS / 2:
        pytest.skip("libfaketime does not move a clock on this platform")
    return {**shifted, "GIAINGAN_BUSINESS_DATE": ""}
