"""One stack holds a state folder; what a killed stack left is ended, and nobody else's process is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.state import StackError, StateFolder, delete


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def _state(path: Path) -> StateFolder:
    path.mkdir(exist_ok=True)
    return StateFolder(path)


def test_what_was_written_down_and_still_runs_is_ended(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    state = _state(tmp_path / "state")
    state.record({"alert": sleeper.pid})
    assert state.end_leftovers() == ["alert"]
    assert sleeper.poll() is not None
    assert state.end_leftovers() == []


@pytest.mark.parametrize("changed", [{"started": 1.0}, {"command": ["another", "program"]}])
def test_another_process_with_the_same_number_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], changed: dict[str, object]
) -> None:
    state = _state(tmp_path / "state")
    state.record({"alert": sleeper.pid})
    record = tmp_path / "state" / "processes.json"
    (row,) = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps([{**row, **changed}]), encoding="utf-8")
    assert state.end_leftovers() == []
    assert sleeper.poll() is None


def test_a_second_stack_is_refused(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    with state.held():
        with pytest.raises(StackError, match="running from"), StateFolder(tmp_path / "state").held():
            pass
        with pytest.raises(StackError, match="running from"):
            delete(tmp_path / "state")
    assert delete(tmp_path / "state")
    assert not (tmp_path / "state").exists()
    assert not delete(tmp_path / "state")


def test_a_folder_of_somebody_else_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").touch()
    with pytest.raises(StackError, match="not a state folder"):
        delete(tmp_path / "letters")
    assert (tmp_path / "letters" / "letter.txt").exists()


def test_a_data_folder_that_was_never_finished_is_made_again(tmp_path: Path) -> None:
    state = _state(tmp_path / "state")
    (state.postgres / "base").mkdir(parents=True)
    state.prepare_postgres()
    assert not state.postgres.exists()
    state.postgres.mkdir()
    state.mark_postgres_made()
    state.prepare_postgres()
    assert state.postgres.exists()
