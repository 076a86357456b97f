"""The installer leaves alone what is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.dev import install


def test_an_environment_that_is_linked_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second working copy may borrow the first one's."""
    others, link = tmp_path / "others", tmp_path / ".venv"
    others.mkdir()
    (others / "kept").touch()
    link.symlink_to(others)
    monkeypatch.setattr(install, "_FOLDER", link)
    monkeypatch.setattr(install, "_PYTHON", link / "bin" / "python")
    assert install.main() == 1
    assert "is a link to" in capsys.readouterr().err
    assert (others / "kept").exists()
