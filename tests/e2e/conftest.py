"""A stack with the sample in it, once for the tests that only read; a fresh one for those that disturb it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded import servers
from tests.support.stack import RunningStack, running_stack


@pytest.fixture(scope="session")
def loaded(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that holds the sample. Tests leave its totals as they are."""
    database_url = servers.create_database(postgres_server, f"e2e_{uuid4().hex[:12]}")
    broker = servers.Broker()
    broker.start()
    try:
        with running_stack(database_url, broker, tmp_path_factory.mktemp("loaded")) as stack:
            stack.load_sample()
            yield stack
    finally:
        broker.stop()


@pytest.fixture
def stack(database_url: str, broker: servers.Broker, tmp_path: Path) -> Iterator[RunningStack]:
    """A stack with nothing in it."""
    with running_stack(database_url, broker, tmp_path) as running:
        yield running
