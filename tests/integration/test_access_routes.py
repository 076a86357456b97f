"""Every route of the three services, as they are put together: who may, and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

import services.aggregation.__main__
import services.alert.__main__
import services.ingest.__main__
from services.runtime.access import Scope
from services.runtime.access.gate import EXTENSION, Gate
from services.runtime.config import Settings
from services.runtime.service import Parts
from tests.integration.ingest_stack import create_topics, settings_for
from tests.support.access import bearer, make_token
from tests.support.brokers import Broker

ASSEMBLE: dict[str, Callable[[Settings], Parts]] = {
    "ingest": services.ingest.__main__.assemble,
    "aggregation": services.aggregation.__main__.assemble,
    "alert": services.alert.__main__.assemble,
}
PUBLIC = {"/healthz", "/readyz", "/openapi.json"}


@dataclass(frozen=True, slots=True)
class Bound:
    """A method and a path of a service, and what its gate knows of it."""

    method: str
    path: str
    endpoint: str

    @property
    def url(self) -> str:
        return re.sub(r"<[^>]+>", "00000000-0000-0000-0000-000000000000", self.path)


@pytest.fixture(params=sorted(ASSEMBLE))
def assembled(
    request: pytest.FixtureRequest, database_url: str, broker: Broker
) -> Iterator[tuple[str, Parts]]:
    """A service as its process has it, loops not running."""
    settings = settings_for(database_url, broker, client_burst=100_000, failed_logins_per_minute=100_000)
    create_topics(settings)
    parts = ASSEMBLE[request.param](settings)
    try:
        yield database_url, parts
    finally:
        parts.close()


def routes(app: Flask) -> list[Bound]:
    return [
        Bound(method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
    ]


def gate_of(app: Flask) -> Gate:
    gate: Gate = app.extensions[EXTENSION]
    return gate


def test_no_route_is_without_a_rule_and_only_these_are_public(assembled: tuple[str, Parts]) -> None:
    _, parts = assembled
    rules = gate_of(parts.app).rules
    bound = routes(parts.app)
    assert len(bound) > 8
    assert [route for route in bound if route.endpoint not in rules] == []
    public = {route.path for route in bound if not rules[route.endpoint].scopes}
    assert {path for path in public if not path.startswith("/docs")} == PUBLIC
    assert "audit" in parts.loops


def test_every_route_asks_for_a_token_and_for_its_scopes(assembled: tuple[str, Parts]) -> None:
    """Each scope on each route: 403 exactly where the route does not take it."""
    database_url, parts = assembled
    rules = gate_of(parts.app).rules
    client = parts.app.test_client()
    secrets = {scope: make_token(database_url, scope) for scope in Scope}
    for route in routes(parts.app):
        rule = rules[route.endpoint]
        if not rule.scopes:
            continue
        answer = client.open(route.url, method=route.method)
        assert answer.status_code == 401, route
        for scope, secret in secrets.items():
            answer = client.open(route.url, method=route.method, headers=bearer(secret))
            may = scope is Scope.ADMIN or scope in rule.scopes
            assert (answer.status_code == 403) is not may, (route, scope, answer.text)
            assert answer.status_code not in (401, 500), (route, scope, answer.text)


def test_writing_is_never_for_readers(assembled: tuple[str, Parts]) -> None:
    """By method alone, whatever a route says of itself."""
    _, parts = assembled
    rules = gate_of(parts.app).rules
    for route in routes(parts.app):
        if route.method not in ("GET", "HEAD"):
            assert set(rules[route.endpoint].scopes) <= {Scope.INGEST_WRITE, Scope.ALERT_ACT, Scope.ADMIN}, (
                route
            )


# Feeds and tables alone are read with a token in the address.
FOLLOWED = {
    *("/feeds/alerts.atom", "/feeds/alerts.json", "/feeds/alerts.rss", "/feeds/alerts.stream"),
    *("/v1/alerts.csv", "/v1/alerts.xlsx"),
}


def test_the_description_says_who_may(assembled: tuple[str, Parts]) -> None:
    _, parts = assembled
    described = parts.app.test_client().get("/openapi.json").get_json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "basic", "inUrl"}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if path in PUBLIC:
                assert operation["security"] == []
                continue
            schemes = [name for choice in operation["security"] for name in choice]
            in_url = ["inUrl"] if path in FOLLOWED else []
            usual = ["bearer", "basic"] if method == "get" else ["bearer"]
            assert schemes == usual + in_url, (path, method)
            assert {"401", "403", "429", "503"} <= set(operation["responses"]), (path, method)
            assert "scope: `" in operation["description"]
