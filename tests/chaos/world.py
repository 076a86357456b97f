"""The cluster, the database and the processes of one row of the fault matrix."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, NewTopic
from kafka.errors import KafkaError

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import SERVICES, service_environment
from deploy.kafka.cluster import KafkaBroker, KafkaCluster
from services.contracts import topics
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin
from tests.chaos import books
from tests.chaos.unguarded import UnguardedProcess
from tests.support import brokers

PARTITIONS = 4
SESSION_TIMEOUT_MS = 3_000
DELIVERY_TIMEOUT_MS = 1_500
EMIT_INTERVAL_MS = 50
_LIVENESS_SECONDS = 60.0


def wait(is_so: Callable[[], bool], what: str, *, seconds: float = _LIVENESS_SECONDS) -> None:
    """Wait until it is so. Raises ``AssertionError`` naming it."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


@dataclass
class World:
    """What a row does its fault to. ``processes`` are stopped at the end."""

    database_url: str
    broker: brokers.Broker
    rng: random.Random
    folder: Path
    processes: list[ServiceProcess] = field(default_factory=list)

    @property
    def cluster(self) -> KafkaCluster:
        """The three brokers, where the row is marked ``apache_kafka``."""
        return brokers.the_cluster()

    @property
    def session_seconds(self) -> float:
        """After so long without a heartbeat the broker takes a worker for dead."""
        return float(self.settings().kafka_session_timeout_ms / 1000)

    def settings(self, **changes: Any) -> Settings:
        values: dict[str, Any] = {
            "DATABASE_URL": self.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "business_date": date(2022, 7, 31),
            "topic_partitions": PARTITIONS,
            "kafka_delivery_timeout_ms": DELIVERY_TIMEOUT_MS,
            "emit_interval_ms": EMIT_INTERVAL_MS,
            "ephemeral_broker": True,
            **brokers.settings_of_broker(),
        }
        return Settings(**(values | changes))

    # --- processes ---------------------------------------------------------------------------

    def process(
        self,
        service: str,
        *,
        bootstrap_servers: str = "",
        database_url: str = "",
        without: str = "",
        settings: Mapping[str, str] | None = None,
    ) -> ServiceProcess:
        """A service as a process of its own, not started; ``without`` one of the protocol's guards;
        ``settings``: variables of its environment besides those of this world, empty where not set."""
        ports = {name: servers.free_port() for name in SERVICES}
        named = self.environment(ports, bootstrap_servers, database_url) | dict(settings or {})
        environment = {name: value for name, value in named.items() if value}
        log_file = self.folder / f"{service}-{len(self.processes)}.log"
        process = (
            UnguardedProcess(without, service, ports[service], environment, log_file)
            if without
            else ServiceProcess(service, port=ports[service], environment=environment, log_file=log_file)
        )
        self.processes.append(process)
        return process

    def environment(
        self, ports: Mapping[str, int] | None = None, bootstrap_servers: str = "", database_url: str = ""
    ) -> dict[str, str]:
        """Of a process that belongs to this world."""
        named = service_environment(
            database_url=database_url or self.database_url,
            bootstrap_servers=bootstrap_servers or self.broker.bootstrap_servers,
            ports=ports or dict.fromkeys(SERVICES, 0),
            is_broker_embedded=not brokers.is_apache_kafka(),
        )
        return {
            **os.environ,
            **named,
            "GIAINGAN_BUSINESS_DATE": "2022-07-31",
            "GIAINGAN_TOPIC_PARTITIONS": str(PARTITIONS),
            "GIAINGAN_KAFKA_DELIVERY_TIMEOUT_MS": str(DELIVERY_TIMEOUT_MS),
            "GIAINGAN_EMIT_INTERVAL_MS": str(EMIT_INTERVAL_MS),
            **brokers.environment_of_broker(),
        }

    def operator(self, *command: str) -> subprocess.CompletedProcess[str]:
        """``giaingan`` as an operator types it."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "services.cli", *command],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> None:
        for process in self.processes:
            process.kill()

    # --- the log -----------------------------------------------------------------------------

    def create_topics(self) -> None:
        admin = Admin(self.settings(), client_id="test-admin")
        try:
            admin.create_topics()
            wait(lambda: all(admin.identity(topic.name) for topic in topics.ALL), "topics are there")
        finally:
            admin.close()

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        """The cluster's own administration."""
        client = KafkaAdminClient(
            bootstrap_servers=[f"127.0.0.1:{each.port}" for each in self.cluster.brokers if each.is_running],
            request_timeout_ms=10_000,
        )
        try:
            yield client
        finally:
            client.close()

    def leader(self, topic: str, partition: int) -> KafkaBroker | None:
        """The broker that leads the partition now; ``None`` while none does."""
        try:
            with self.admin() as admin:
                (described,) = admin.describe_topics([topic])
        except KafkaError:
            return None
        for each in described["partitions"]:
            if each["partition_index"] == partition and each["leader_id"] > 0:
                return self.cluster.broker(each["leader_id"])
        return None

    def configure_topic(self, topic: str, **config: str) -> None:
        """Set a topic's configuration, its points written as underscores."""
        named = {name.replace("_", "."): value for name, value in config.items()}
        with self.admin() as admin:
            admin.alter_configs([ConfigResource("TOPIC", topic, named)])

    def re_create_topic(self, topic: str) -> None:
        """Delete the topic and create it again: the same name, another log."""
        with self.admin() as admin:
            admin.delete_topics([topic])
            wait(lambda: topic not in admin.list_topics(), f"{topic} is deleted")
            admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=3)])

    # --- the verdict --------------------------------------------------------------------------

    def settle(self) -> None:
        """Liveness: without faults everything is applied in the end."""
        wait(lambda: books.is_at_the_end(self.settings()), "every record is applied")

    def require_right(self, acknowledged: Collection[UUID]) -> None:
        """Liveness, then the verdict on the books."""
        assert acknowledged
        self.settle()
        assert books.faults(self.settings(), acknowledged) == []

    def execute(self, *statements: str) -> None:
        """Change the database by hand, in one transaction."""
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return books.rows(self.settings(), query)
