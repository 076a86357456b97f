"""Generates services/contracts/gen from proto/, or checks that it is up to date (``--check``)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PROTO = _ROOT / "proto"
_PACKAGE = Path("giaingan/v1")
_GENERATED = _ROOT / "services" / "contracts" / "gen" / _PACKAGE


def generate(target: Path) -> None:
    """Write the Python code of every contract to ``target``, which exists.

    Raises ``subprocess.CalledProcessError`` where a contract does not compile.
    """
    sources = [str(path.relative_to(_PROTO)) for path in sorted((_PROTO / _PACKAGE).glob("*.proto"))]
    with tempfile.TemporaryDirectory() as folder:
        options = [f"--proto_path={_PROTO}", f"--python_out={folder}", f"--pyi_out={folder}"]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options, *sources], check=True)
        for path in sorted((Path(folder) / _PACKAGE).iterdir()):
            # protoc writes imports from the root of proto/; here the code lives in a package.
            code = path.read_text(encoding="utf-8")
            code = code.replace("from giaingan.v1 import", "from services.contracts.gen.giaingan.v1 import")
            (target / path.name).write_text(code, encoding="utf-8")


def differences(generated: Path, fresh: Path) -> list[str]:
    """Names of files that are missing, left over or other than freshly generated."""
    names = {path.name for folder in (generated, fresh) for path in folder.glob("*_pb2.py*")}
    return sorted(name for name in names if _content(generated / name) != _content(fresh / name))


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Generate, or with ``--check`` compare. Returns the exit code."""
    if arguments != ["--check"]:
        generate(_GENERATED)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differences(_GENERATED, Path(folder))
    if stale:
        sys.stderr.write(f"services/contracts/gen is not what proto/ says ({', '.join(stale)}): make proto\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
