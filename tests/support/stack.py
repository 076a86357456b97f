"""The real services as processes against real servers, on free ports, for end-to-end tests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console

from deploy.embedded import sample_loader, servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.settling import wait_until_settled
from deploy.embedded.stack import SERVICES, create_topics, service_environment, wait_until_ready
from tests.support.access import bearer, make_token

BUSINESS_DATE = "2022-07-31"


@dataclass(frozen=True, slots=True)
class RunningStack:
    """Three services, and what a client may ask of them."""

    broker: servers.Broker
    database_url: str
    services: dict[str, ServiceProcess]
    # An admin's.
    token: str = field(repr=False)

    def url(self, service: str) -> str:
        return self.services[service].url

    def get(self, service: str, path: str, **query: str) -> Any:
        """A JSON answer. Raises ``urllib.error.HTTPError``."""
        return json.loads(self.text(service, path, **query))

    def text(self, service: str, path: str, **query: str) -> str:
        """An answer as text. Raises ``urllib.error.HTTPError``."""
        request = urllib.request.Request(
            f"{self.url(service)}{path}?{urlencode(query)}", headers=bearer(self.token)
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def post(self, service: str, path: str, body: dict[str, Any]) -> Any:
        """The answer to a JSON body. Raises ``AssertionError`` with the problem where it is refused."""
        request = urllib.request.Request(
            f"{self.url(service)}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **bearer(self.token)},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def alerts(self, **filters: str) -> list[dict[str, Any]]:
        """Every alert the filters let through, over all pages."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get("alert", "/v1/alerts", **filters, **cursor)
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def load_sample(self) -> sample_loader.Loaded:
        """The sample through the public API; returns when everything shows it."""
        loaded = sample_loader.load(
            ingest_url=self.url("ingest"), token=self.token, console=Console(quiet=True)
        )
        self.settle()
        return loaded

    def settle(self) -> None:
        """Wait until what was acknowledged is applied, told and judged."""
        wait_until_settled(
            bootstrap_servers=self.broker.bootstrap_servers,
            aggregation_url=self.url("aggregation"),
            token=self.token,
        )


@contextmanager
def running_stack(
    database_url: str,
    broker: servers.Broker,
    folder: Path,
    own_urls: Mapping[str, str] | None = None,
    /,
    **settings: str,
) -> Iterator[RunningStack]:
    """Topics and the three services, ready; stopped at the end. Logs go to ``folder``; ``own_urls`` are
    database URLs of single services, by their names; ``settings`` are of docs/SETTINGS.md, by name."""
    ports = {name: servers.free_port() for name in SERVICES}
    environment = {
        **service_environment(
            database_url=database_url,
            bootstrap_servers=broker.bootstrap_servers,
            ports=ports,
            is_broker_embedded=True,
        ),
        "GIAINGAN_BUSINESS_DATE": BUSINESS_DATE,
        **settings,
    }
    create_topics(environment)
    services = {
        name: ServiceProcess(
            name,
            port=ports[name],
            environment=environment | {"DATABASE_URL": (own_urls or {}).get(name, database_url)},
            log_file=folder / f"{name}.log",
        )
        for name in SERVICES
    }
    try:
        for service in services.values():
            service.start()
        wait_until_ready(list(services.values()))
        yield RunningStack(broker, database_url, services, make_token(database_url))
    finally:
        for service in services.values():
            service.ask_to_stop()
        for service in services.values():
            service.stop()
