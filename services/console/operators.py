"""Who sits at the console."""

from __future__ import annotations

import getpass
import os


def operator_here() -> str:
    """The account at the console, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.geteuid()}"
