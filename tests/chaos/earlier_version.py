"""The version before: the tree of the last commit that had not yet the newest migration."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.embedded.processes import ServiceProcess

_ROOT = Path(__file__).resolve().parents[2]
_MIGRATIONS = (":(glob)services/*/sql/schema/0*.sql", ":(glob)services/runtime/sql/*/0*.sql")


def unpack(folder: Path) -> Path:
    """Its tree in ``folder``. Skips the test where there is no history to take it from."""
    added = _git("log", "-1", "--first-parent", "--diff-filter=A", "--format=%H", "--", *_MIGRATIONS)
    commit = added.decode().strip()
    if not commit or not _git("rev-parse", "--verify", "--quiet", f"{commit}^"):
        pytest.skip("no history here to take the version before from (an export, or a shallow clone)")
    tree = folder / "earlier"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", f"{commit}^", "services", "deploy"))) as archive:
        archive.extractall(tree, filter="data")
    return tree


def migrations(tree: Path) -> set[str]:
    """The names of the migrations of a tree."""
    folders = ("services/*/sql/schema/0*.sql", "services/runtime/sql/*/0*.sql")
    return {str(path.relative_to(tree)) for pattern in folders for path in tree.glob(pattern)}


class EarlierProcess(ServiceProcess):
    """A service of that tree, with the libraries of this one."""

    def __init__(
        self, tree: Path, service: str, *, port: int, environment: Mapping[str, str], log_file: Path
    ) -> None:
        # Before what is installed: `services` and `deploy` are those of the tree.
        environment = {**environment, "PYTHONPATH": str(tree)}
        super().__init__(service, port=port, environment=environment, log_file=log_file)


def _git(*arguments: str) -> bytes:
    """What git says; empty where it fails."""
    done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
