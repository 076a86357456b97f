"""The console command: what it offers, and plain words instead of a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.embedded.servers import free_port
from services import cli


def _run(*arguments: str, **environment: str | None) -> tuple[int, str]:
    unset = {"DATABASE_URL": None, "KAFKA_BOOTSTRAP_SERVERS": None}
    result = CliRunner().invoke(cli.main, list(arguments), env={**unset, **environment})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_help_lists_every_command() -> None:
    code, output = _run("--help")
    assert code == 0
    for command in (
        "ingest", "aggregation", "alert", "topics", "run", "reset", "load-sample", "import", "adopt-log",
    ):  # fmt: skip
        assert f"\n  {command} " in output


def test_version() -> None:
    assert _run("--version")[0] == 0


@pytest.mark.parametrize("service", ["ingest", "aggregation", "alert", "topics"])
def test_missing_settings_are_named(service: str) -> None:
    code, output = _run(service)
    assert code == 1
    assert "DATABASE_URL" in output
    assert "KAFKA_BOOTSTRAP_SERVERS" in output


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    code, output = _run(
        "topics", DATABASE_URL="postgresql://nowhere/x", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1"
    )
    assert code == 1
    assert output.startswith("Error: ")


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        others = [f"--{name}-port={free_port()}" for name in ("ingest", "aggregation")]
        code, output = _run("run", "--state-dir", str(tmp_path / "s"), "--alert-port", str(port), *others)
    assert code == 1
    assert f"port {port} of alert is not free" in output
    assert "--alert-port" in output


def test_reset_without_state_says_so(tmp_path: Path) -> None:
    code, output = _run("reset", "--state-dir", str(tmp_path / "none"))
    assert code == 0
    assert "nothing to delete" in output


def test_a_file_for_nobody_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a\n", encoding="utf-8")
    code, output = _run(
        "import", str(file), "--kind", "plan", "--source", "s", "--wait", "0", "--url", "http://127.0.0.1:1"
    )
    assert code == 1
    assert "does not take the file" in output
