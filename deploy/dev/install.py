"""Installs the project into .venv from requirements.lock, every package by its hash.

Runs before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / ".venv"
_PYTHON = _FOLDER / "bin" / "python"
_LOCK = _ROOT / "requirements.lock"
_BAR = 30


def main() -> int:
    """Create the environment, install the locked packages and the project. Returns the exit code."""
    if _FOLDER.is_symlink():
        # Making it again would first delete what is in it: the environment of another working copy.
        _say(f"{_FOLDER} is a link to {_FOLDER.resolve()}: install there, or remove the link")
        return 1
    if not _is_usable():
        _say(f"Creating .venv with Python {sys.version.split()[0]}")
        try:
            venv.create(_FOLDER, with_pip=True, clear=True)
        except (subprocess.CalledProcessError, OSError) as error:
            _say(f"The virtual environment could not be created: {error}")
            _say("On Debian and Ubuntu, Python's venv module is a package of its own: python3-venv.")
            return 1
    total = len(re.findall(r"^[A-Za-z0-9_.-]+==", _LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    code = _pip("install", "--require-hashes", "--no-deps", "-r", str(_LOCK), total=total)
    if code == 0:
        # The build backend is in the lock too, so nothing else is downloaded.
        code = _pip("install", "--no-deps", "--no-build-isolation", "--quiet", "-e", str(_ROOT), total=0)
    if code == 0:
        (_FOLDER / ".ready").touch()
    return code


def _is_usable() -> bool:
    """Whether .venv holds a Python that works here and is new enough; a moved folder is made again."""
    question = "import sys, pip; print(sys.prefix); sys.exit(sys.version_info < (3, 11))"
    try:
        asked = subprocess.run([_PYTHON, "-c", question], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return asked.returncode == 0 and Path(asked.stdout.strip()).resolve() == _FOLDER


def _pip(*arguments: str, total: int) -> int:
    """Run pip, showing a bar of ``total`` packages; its own words are shown where it fails."""
    command = [str(_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    words: list[str] = []
    seen = 0
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PIP_PROGRESS_BAR": "off"},
    ) as pip:
        for line in pip.stdout or ():
            words.append(line)
            if line.startswith(("Collecting", "Requirement already satisfied")) and total:
                seen += 1
                _draw(min(seen, total), total)
    if total and sys.stderr.isatty():
        sys.stderr.write("\n")
    if pip.returncode != 0:
        _say("".join(words[-40:]))
        _say("The packages could not be installed. pip's own words are above.")
    return pip.returncode


def _draw(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = _BAR * done // total
        bar = "#" * filled + "." * (_BAR - filled)
        sys.stderr.write(f"\rInstalling packages [{bar}] {done}/{total} ")
        sys.stderr.flush()
    elif done == 1:
        _say(f"Installing {total} packages (a minute or two, once)")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
