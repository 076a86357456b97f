"""schemathesis with all its checks against each running service, by its own description and a real token."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded import servers
from deploy.embedded.stack import SERVICES
from tests.support.stack import RunningStack, running_stack

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 20
# Probes without a token are to be answered 401, however many: the limits have tests of their own. A stream
# tells what there is and does not wait.
NO_LIMITS = {
    "GIAINGAN_FAILED_LOGINS_PER_MINUTE": "1000000",
    "GIAINGAN_CLIENT_BURST": "1000000",
    "GIAINGAN_MAX_STREAMS": "0",
}


@pytest.fixture(scope="module")
def disturbed(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that holds the sample and that nobody else reads."""
    database_url = servers.create_database(postgres_server, f"fuzz_{uuid4().hex[:12]}")
    broker = servers.Broker()
    broker.start()
    try:
        folder = tmp_path_factory.mktemp("fuzz")
        with running_stack(database_url, broker, folder, **NO_LIMITS) as stack:
            stack.load_sample()
            yield stack
    finally:
        broker.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES)
def test_no_made_up_request_finds_a_fault_in(disturbed: RunningStack, service: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{disturbed.url(service)}/openapi.json", "--checks", "all", "--seed", "1"),
            *("--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"),
            *("--header", f"Authorization: Bearer {disturbed.token}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    assert "Tested" in run.stdout
