"""A temporary folder with what runs in it: what a killed session left there is ended by the next."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_OWNER = "owner"
_END_SECONDS = 10.0


@contextmanager
def owned_folder(prefix: str) -> Iterator[Path]:
    """A folder of this process. Before, those of the same prefix whose owner is dead are deleted, and every
    process ended that names such a folder in its command line.

    At the end a process of its own deletes it: a database for each test is a hundred thousand files, and the
    last test would wait a minute or two for them.
    """
    _end_leftovers(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        (folder / _OWNER).write_text(_identity(psutil.Process()), encoding="utf-8")
        yield folder
    finally:
        subprocess.run(["sh", "-c", 'rm -rf "$1" &', "sh", str(folder)], check=True, start_new_session=True)


def _end_leftovers(prefix: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # One without an owner's name is of somebody else, or was made this moment.
        with suppress(OSError):
            if _is_of_us(folder) and not _is_alive((folder / _OWNER).read_text(encoding="utf-8")):
                _end_processes_of(folder)
                shutil.rmtree(folder, ignore_errors=True)


def _is_of_us(folder: Path) -> bool:
    return (folder / _OWNER).stat().st_uid == os.geteuid()


def _is_alive(identity: str) -> bool:
    try:
        return _identity(psutil.Process(int(identity.partition(" ")[0]))) == identity
    except (psutil.NoSuchProcess, ValueError):
        return False


def _identity(process: psutil.Process) -> str:
    """Its number, and when it began: a number is given again."""
    return f"{process.pid} {process.create_time()}"


def _end_processes_of(folder: Path) -> None:
    ended = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(folder) in word for word in process.cmdline()):
                process.kill()
                ended.append(process)
    psutil.wait_procs(ended, timeout=_END_SECONDS)
