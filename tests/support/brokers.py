"""The broker that tests run against: the embedded one, or with ``--broker=kafka`` a cluster of Apache Kafka.

The cluster is one a session; what a test finds on it is empty all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.embedded import servers
from deploy.kafka.cluster import KafkaCluster
from services.contracts import topics

EMBEDDED, APACHE_KAFKA = "embedded", "kafka"
JARS = Path(__file__).resolve().parents[2] / ".kafka" / "jars"
_FORGET_SECONDS = 30.0


class Broker(Protocol):
    """What a test may do to the broker, whichever it is."""

    @property
    def bootstrap_servers(self) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


# What the fixture of that name gives: a running broker without topics.
RunningBroker = Callable[[], AbstractContextManager[Broker]]


class ClusterAsBroker:
    """The whole cluster as one broker: killed and started together, and it keeps what it holds."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self.cluster = cluster

    @property
    def bootstrap_servers(self) -> str:
        return self.cluster.bootstrap_servers

    def start(self) -> None:
        """Start what does not run; returns when all are in the cluster."""
        self.cluster.heal()

    def stop(self) -> None:
        self.cluster.stop()

    def kill(self) -> None:
        """SIGKILL to every broker."""
        self.cluster.kill()

    def freeze(self) -> None:
        """SIGSTOP to every broker."""
        for broker in self.cluster.brokers:
            broker.freeze()

    def thaw(self) -> None:
        """SIGCONT to every broker."""
        for broker in self.cluster.brokers:
            broker.thaw()


class _Session:
    """What the tests of this session run against; set by tests/conftest.py before the first of them."""

    cluster: KafkaCluster | None = None
    is_taken = False


def use_cluster(cluster: KafkaCluster | None) -> None:
    """Let every broker of this session be that cluster; ``None``: an embedded one each."""
    _Session.cluster = cluster


def the_cluster() -> KafkaCluster:
    """The cluster of a session with ``--broker=kafka``."""
    assert _Session.cluster is not None, "marked apache_kafka, such a test is skipped without the cluster"
    return _Session.cluster


def is_apache_kafka() -> bool:
    return _Session.cluster is not None


def settings_of_broker() -> dict[str, Any]:
    """The settings of a service that stands on this session's broker, by field names."""
    if is_apache_kafka():
        # Three brokers on a small machine answer late at times: a session of one second would be lost.
        return {"topic_replication": 3, "kafka_session_timeout_ms": 3_000, "ephemeral_broker": False}
    # Joining and leaving a group takes as long with the embedded broker.
    return {"kafka_session_timeout_ms": 1_000}


def environment_of_broker() -> dict[str, str]:
    """The same for a service that runs as a process."""
    return {f"GIAINGAN_{name.upper()}": str(value) for name, value in settings_of_broker().items()}


@contextmanager
def running_broker() -> Iterator[Broker]:
    """A running broker without topics, for one test or one module."""
    cluster = _Session.cluster
    if cluster is None:
        embedded = servers.Broker()
        embedded.start()
        try:
            yield embedded
        finally:
            embedded.stop()
        return
    assert not _Session.is_taken, "the cluster is one: a test that uses it cannot have another beside it"
    _Session.is_taken = True
    try:
        cluster.heal()
        forget(cluster)
        yield ClusterAsBroker(cluster)
    finally:
        _Session.is_taken = False


def lose_log(broker: Broker) -> None:
    """Every topic is gone, as after somebody deleted it; the embedded broker loses them by restarting."""
    if isinstance(broker, ClusterAsBroker):
        forget(broker.cluster)
    else:
        broker.kill()
        broker.start()


def forget(cluster: KafkaCluster) -> None:
    """Delete the project's topics and groups, and wait until every broker knows. Raises ``TimeoutError``."""
    deadline = time.monotonic() + _FORGET_SECONDS
    fault: object = None
    while time.monotonic() < deadline:
        try:
            if _is_forgotten(cluster):
                return
            fault = "topics or groups are still there"
        except KafkaError as error:
            fault = error
        time.sleep(0.1)
    raise TimeoutError(f"the cluster did not become empty: {fault!r}")


def _is_forgotten(cluster: KafkaCluster) -> bool:
    ours = {topic.name for topic in topics.ALL}
    # Each broker is asked: one may still name what another has forgotten.
    asked = [_admin(server) for server in cluster.bootstrap_servers.split(",")]
    try:
        there = sorted(ours & {name for admin in asked for name in admin.list_topics()})
        if there:
            asked[0].delete_topics(there, raise_errors=False)
        groups = [group["group_id"] for group in asked[0].list_groups()]
        ours_too = [name for name in groups if name.startswith("giaingan")]
        if ours_too:
            # A member that was killed holds its group until its session ends: refused until then.
            asked[0].delete_groups(ours_too)
        return not there and not ours_too
    finally:
        for admin in asked:
            admin.close()


def _admin(server: str) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=[server], bootstrap_timeout_ms=5_000, request_timeout_ms=5_000)
