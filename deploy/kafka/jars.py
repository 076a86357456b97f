"""The jars of Apache Kafka: fetched once by Maven as deploy/kafka/pom.xml says, checked by their bytes."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
_LOCK = _HERE / "jars.sha256"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_FETCH_SECONDS = 600
_JAVA = 17


class JarsError(Exception):
    """The jars could not be fetched, or are not those that are pinned."""


def ensure(folder: Path) -> Path:
    """The absolute path of a folder that holds exactly the pinned jars, fetched where they are missing.

    Processes that ask at once wait for the one that fetches. Raises ``JarsError``.
    """
    require_java()
    # Maven would take a relative path from the folder of its own file.
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _fill(folder)
    return folder


def _fill(folder: Path) -> None:
    pinned = read_lock()
    if folder.is_dir() and _sums(folder) == pinned:
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as fetching:
        fetch(Path(fetching))
        found = _sums(Path(fetching))
        if found != pinned:
            other = sorted(set(found.items()) ^ set(pinned.items()))
            raise JarsError(
                f"not the pinned jars: {', '.join(sorted({name for name, _ in other}))} "
                f"({_LOCK.name}; write it again with: python -m deploy.kafka.jars)"
            )
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(fetching, folder)


def fetch(folder: Path) -> None:
    """Let Maven copy the jars there. Raises ``JarsError``."""
    program = shutil.which("mvn")
    if program is None:
        raise JarsError(f"Maven (mvn) is not on the PATH: it fetches Apache Kafka as {_POM.name} says")
    command = [program, "-q", "-B", "-C", "-f", str(_POM), _PLUGIN, "-DincludeScope=runtime"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={folder}"],
        capture_output=True,
        text=True,
        timeout=_FETCH_SECONDS,
        check=False,
    )
    if done.returncode:
        raise JarsError(f"Maven did not fetch the jars:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")


def require_java() -> None:
    """Raises ``JarsError`` where there is no Java that runs Apache Kafka."""
    program = shutil.which("java")
    if program is None:
        raise JarsError(f"Java (java) is not on the PATH: Apache Kafka needs Java {_JAVA} or later")
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    if found is None or int(found[1]) < _JAVA:
        raise JarsError(f"Apache Kafka needs Java {_JAVA} or later; {program} says: {told.splitlines()[:1]}")


def read_lock() -> dict[str, str]:
    """SHA-256 by file name."""
    lines = _LOCK.read_text(encoding="utf-8").split("\n")
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines if line)}


def _sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.jar")}


def main() -> None:
    """Pin what Maven fetches now."""
    with tempfile.TemporaryDirectory() as folder:
        fetch(Path(folder))
        lines = [f"{digest}  {name}\n" for name, digest in sorted(_sums(Path(folder)).items())]
    _LOCK.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
