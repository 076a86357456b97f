"""A client command finds the stack that runs here, on whatever ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.embedded.state import StateFolder
from services.console.connection import url_of


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    monkeypatch.setenv("GIAINGAN_STATE_DIR", str(tmp_path))
    return StateFolder(tmp_path)


def test_the_stack_that_runs_is_found_and_after_it_the_usual_ports(state: StateFolder) -> None:
    state.tell_urls({"ingest": "http://127.0.0.1:18081"})
    assert url_of("ingest") == "http://127.0.0.1:18081"
    assert url_of("aggregation") == "http://127.0.0.1:8082"
    state.forget_urls()
    assert url_of("ingest") == "http://127.0.0.1:8081"
    state.forget_urls()


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"'])
def test_what_a_crash_left_half_written_is_passed_over(state: StateFolder, text: str) -> None:
    state.urls.write_text(text, encoding="utf-8")
    assert url_of("alert") == "http://127.0.0.1:8083"
