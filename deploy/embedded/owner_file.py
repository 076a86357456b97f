"""A file of the stack that only its owner may read: never there with another mode, and never half."""

from __future__ import annotations

import os
from pathlib import Path


def write(file: Path, secret: str) -> None:
    """Put a line of text in place of what is there. Raises ``OSError``."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(f"{secret}\n")
    fresh.replace(file)
