"""The real PostgreSQL and the real broker, one of each a test session; a database of its own per test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.embedded import servers
from deploy.kafka import jars
from deploy.kafka.cluster import running_cluster
from tests.support import brokers
from tests.support.owned_folder import owned_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--broker",
        choices=[brokers.EMBEDDED, brokers.APACHE_KAFKA],
        default=brokers.EMBEDDED,
        help="what the tests run against: the embedded broker, or three brokers of Apache Kafka",
    )

    parser.addoption(
        "--chaos", action="store_true", help="the rows of the fault matrix that the embedded broker can play"
    )
    parser.addoption(
        "--chaos-full", action="store_true", help="the fault matrix whole: what takes minutes too"
    )


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "embedded_broker(reason): about the embedded broker alone; skipped against Apache Kafka",
        "chaos: takes longer than ten seconds; skipped without --chaos or --broker=kafka",
        "chaos_full: takes minutes; skipped without --chaos-full",
        "apache_kafka: needs the cluster of Apache Kafka; skipped without --broker=kafka",
    ):
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    is_apache_kafka = config.getoption("--broker") == brokers.APACHE_KAFKA
    if is_apache_kafka:
        # Without a broker a test is the same as in `make test`.
        without = {item for item in items if not _is_about_a_broker(item)}
        config.hook.pytest_deselected(items=list(without))
        items[:] = [item for item in items if item not in without]
    is_chaos = is_apache_kafka or config.getoption("--chaos") or config.getoption("--chaos-full")
    for item in items:
        about = item.get_closest_marker("embedded_broker")
        if about and is_apache_kafka:
            item.add_marker(pytest.mark.skip(reason=about.kwargs["reason"]))
        if item.get_closest_marker("chaos_full") and not config.getoption("--chaos-full"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: make chaos-full"))
        if item.get_closest_marker("chaos") and not is_chaos:
            item.add_marker(pytest.mark.skip(reason="takes longer than ten seconds: make chaos"))
        if item.get_closest_marker("apache_kafka") and not is_apache_kafka:
            item.add_marker(pytest.mark.skip(reason="needs Apache Kafka: make test-kafka, make chaos"))


def _is_about_a_broker(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("apache_kafka") is not None
    return is_marked or "running_broker" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def running_broker(request: pytest.FixtureRequest) -> Iterator[brokers.RunningBroker]:
    """Gives a running broker to a test or a module; whoever has none is known by not asking here.
    The cluster, where the session asked for it, starts with the first of them."""
    if request.config.getoption("--broker") != brokers.APACHE_KAFKA:
        yield brokers.running_broker
        return
    with (
        owned_folder("giaingan-kafka-") as folder,
        running_cluster(folder, jars=jars.ensure(brokers.JARS)) as cluster,
    ):
        brokers.use_cluster(cluster)
        yield brokers.running_broker
        brokers.use_cluster(None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running PostgreSQL."""
    with (
        owned_folder("giaingan-pg-") as folder,
        servers.postgres(folder / "data") as url,
    ):
        yield url


@pytest.fixture
def database_url(postgres_server: str) -> str:
    """URL of an empty database."""
    return servers.create_database(postgres_server, f"test_{uuid4().hex[:12]}")


@pytest.fixture
def broker(running_broker: brokers.RunningBroker) -> Iterator[brokers.Broker]:
    """A running broker with an empty log and no topics."""
    with running_broker() as running:
        yield running
