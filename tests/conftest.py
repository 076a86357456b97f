"""The real PostgreSQL and the real broker, one of each a test session; a database of its own per test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded import servers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running PostgreSQL."""
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-pg-") as folder,
        servers.postgres(Path(folder) / "data") as url,
    ):
        yield url


@pytest.fixture
def database_url(postgres_server: str) -> str:
    """URL of an empty database."""
    return servers.create_database(postgres_server, f"test_{uuid4().hex[:12]}")


@pytest.fixture
def broker() -> Iterator[servers.Broker]:
    """A running broker with an empty log and no topics."""
    running = servers.Broker()
    running.start()
    yield running
    running.stop()
