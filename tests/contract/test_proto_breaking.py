"""Old readers can follow new contracts: compared with those of the last release (proto/released.json)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import contracts
from tests.support.tidy import ROOT

_BUF = Path(sys.executable).parent / "buf"


def _breaking(proto: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_BUF, "breaking", proto, "--against", ROOT / "proto" / "released.json"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_break_no_old_reader() -> None:
    result = _breaking(ROOT / "proto")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("string project_code = 1;", "string project_code = 101;"),
        ("string project_code = 1;", "int64 project_code = 1;"),
        ("string sector = 10;", ""),
        ("PLAN_BASE_ADJUSTED = 2;", "PLAN_BASE_ADJUSTED = 9;"),
    ],
)
def test_a_breaking_change_is_seen(tmp_path: Path, was: str, becomes: str) -> None:
    proto = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", proto)
    plan = proto / "giaingan" / "v1" / "plan.proto"
    text = plan.read_text(encoding="utf-8")
    assert was in text
    plan.write_text(text.replace(was, becomes), encoding="utf-8")
    assert _breaking(proto).returncode != 0


def test_generated_code_that_is_out_of_date_is_seen(tmp_path: Path) -> None:
    generated, fresh = tmp_path / "generated", tmp_path / "fresh"
    for folder in (generated, fresh):
        folder.mkdir()
        contracts.generate(folder)
    assert contracts.differences(generated, fresh) == []
    (generated / "plan_pb2.py").write_text("# edited by hand\n", encoding="utf-8")
    (generated / "left_over_pb2.py").touch()
    (generated / "alert_pb2.pyi").unlink()
    assert contracts.differences(generated, fresh) == ["alert_pb2.pyi", "left_over_pb2.py", "plan_pb2.py"]
