"""What a killed session left behind is ended and deleted; what belongs to one that lives is not touched."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.support.aggregation import eventually
from tests.support.owned_folder import owned_folder

_ROOT = Path(__file__).resolve().parents[2]
# A session that starts a process in its folder, and says where and which.
_SESSION = """
import subprocess, sys
from tests.support.owned_folder import owned_folder
with owned_folder(sys.argv[1]) as folder:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)", str(folder / "log")]
    child = subprocess.Popen(sleeper, start_new_session=True)
    print(folder, child.pid, flush=True)
    sys.stdin.read()
    child.kill()
"""


def _session(prefix: str) -> tuple[subprocess.Popen[str], Path, psutil.Process]:
    session = subprocess.Popen(
        [sys.executable, "-c", _SESSION, prefix],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert session.stdout
    folder, pid = session.stdout.readline().split()
    return session, Path(folder), psutil.Process(int(pid))


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "alive"])
def test_leftovers_of_the_dead_alone_are_ended(is_killed: bool) -> None:
    prefix = f"giaingan-owned-{uuid4().hex[:8]}-"
    session, folder, child = _session(prefix)
    try:
        if is_killed:
            session.kill()
            session.wait()
        with owned_folder(prefix) as own:
            assert own != folder
            assert folder.exists() is not is_killed
            assert child.is_running() is not is_killed
        eventually(lambda: not own.exists())
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()
        session.communicate()
