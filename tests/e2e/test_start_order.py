"""Services and servers start in any order, work, and recover from being killed in any order."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import SERVICES, create_topics, service_environment, wait_until_ready
from tests.chaos.database_server import DatabaseServer
from tests.support import stated
from tests.support.access import bearer, make_token

ORDERS = list(itertools.permutations(SERVICES))
_SECONDS = 60.0


@dataclass
class Site:
    """Servers and services of one installation, each started and killed on its own."""

    database: DatabaseServer
    broker: servers.Broker
    environment: dict[str, str]
    services: dict[str, ServiceProcess]
    token: str = ""

    def start_servers(self) -> None:
        """Both, and what an operator does once the broker runs."""
        self.database.start()
        self.broker.start()
        create_topics(self.environment)

    def kill_everything(self) -> None:
        for service in self.services.values():
            service.kill()
        self.broker.kill()
        self.database.kill()

    def ask(self, service: str, path: str, body: Any = None, **query: str) -> Any:
        request = urllib.request.Request(
            f"{self.services[service].url}{path}?{urlencode(query)}",
            json.dumps(body).encode() if body else None,
            {"Content-Type": "application/json", **bearer(self.token)},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def is_waiting(self, name: str) -> bool:
        """Whether the service says that it waits for its database."""
        return "waited for" in self.services[name].log_file.read_text()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="giaingan-order-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        database, broker = DatabaseServer(folder / "pg"), servers.Broker()
        ports = {name: servers.free_port() for name in SERVICES}
        database.create()
        database.start()
        environment = service_environment(
            database_url=database.create_database(),
            bootstrap_servers=broker.bootstrap_servers,
            ports=ports,
            is_broker_embedded=True,
        )
        database.stop()
        services = {
            name: ServiceProcess(
                name, port=ports[name], environment=environment, log_file=folder / f"{name}.log"
            )
            for name in SERVICES
        }
        site = Site(database, broker, environment, services)
        try:
            yield site
        finally:
            site.kill_everything()


def eventually(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not within {_SECONDS:.0f} s: {what}"
        time.sleep(0.1)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("are_servers_first", [True, False], ids=["servers first", "servers last"])
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_any_start_order(site: Site, order: tuple[str, ...], are_servers_first: bool) -> None:
    code = f"7{ORDERS.index(order)}{int(are_servers_first)}"
    for service in site.services.values():
        service.log_file.unlink(missing_ok=True)
    try:
        if are_servers_first:
            site.start_servers()
        for name in order:
            site.services[name].start()
        if not are_servers_first:
            for name in order:
                eventually(lambda name=name: site.is_waiting(name), f"{name} waits for its database")  # type: ignore[misc]
            site.start_servers()
        wait_until_ready(list(site.services.values()))
        site.token = site.token or make_token(site.environment["DATABASE_URL"])
        site.ask("ingest", "/v1/plans", {"revisions": [stated.revision(project_code=code, amount="1500000")]})
        _pay(site, code, "before")
        for name in order:
            site.services[name].kill()
            site.services[name].start()
        wait_until_ready(list(site.services.values()))
        _pay(site, code, "before", "after")
        eventually(lambda: _disbursed(site, code) == 2_000_000, "each payment is counted once")
        eventually(lambda: _alerts(site, code) == ["over_plan"], "one alert tells it")
    finally:
        site.kill_everything()


def _pay(site: Site, code: str, *references: str) -> None:
    movements = [stated.movement(project_code=code, source_ref=f"{code}-{each}") for each in references]
    site.ask("ingest", "/v1/disbursements", {"movements": movements})


def _disbursed(site: Site, code: str) -> int:
    every = site.ask("aggregation", "/v1/projects", province="96", as_of="2022-07-31")["items"]
    return sum(project["figures"]["disbursed"] for project in every if project["project_code"] == code)


def _alerts(site: Site, code: str) -> list[str]:
    """The rules of the project's open alerts."""
    every = site.ask("alert", "/v1/alerts", state="open", subject_type="project")["items"]
    return [alert["rule"] for alert in every if alert["subject"]["code"] == code]
