"""The stack's own key for webhooks."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from deploy.embedded import webhook_key
from services.alert.webhooks.signing import InstallationKeys


def test_it_is_made_once_for_its_own_user_and_used_again(tmp_path: Path) -> None:
    file = tmp_path / "webhook-key"
    mask = os.umask(0)
    try:
        key = webhook_key.of_stack(file)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(InstallationKeys.read(key).keys) == 1
    assert webhook_key.of_stack(file) == key
    assert webhook_key.of_stack(tmp_path / "other") != key
