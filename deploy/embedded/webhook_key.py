"""The stack's own key for webhooks: made once, kept in a file that only its owner reads, used again."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from deploy.embedded import owner_file

_KEY_BYTES = 32


def of_stack(file: Path) -> str:
    """The key in the file, made where there is none. Raises ``OSError``.

    One that others could read is kept all the same: with another one, every webhook that was made would be
    mute.
    """
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        owner_file.write(file, key)
        return key
