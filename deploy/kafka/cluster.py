"""A cluster of Apache Kafka brokers (KRaft, each broker a controller too) on loopback ports."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.embedded.child import Child
from deploy.embedded.servers import free_port

_START_SECONDS = 90.0
_STOP_SECONDS = 20.0
# Three of them share a small machine with everything else.
_HEAP = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOGGING = """\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""


@dataclass(frozen=True, slots=True)
class _Node:
    """``detour_port`` is where it listens besides; ``detour_by`` is where it tells the clients that came so
    to find it: whoever listens there (a test's proxy) is between them and the broker."""

    number: int
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    detour_port: int = field(default_factory=free_port)
    detour_by: int = field(default_factory=free_port)


class KafkaBroker(Child):
    """One broker of a cluster; its log stays in its folder when it stops."""

    def __init__(self, node: _Node, *, folder: Path, jars: Path) -> None:
        super().__init__()
        self.name = f"kafka-{node.number}"
        self.number = node.number
        self.port = node.port
        self._folder = folder
        self._jars = jars

    def start(self) -> None:
        """Start the process; whether the cluster answers, the cluster knows."""
        with (self._folder / "out.log").open("ab") as out:
            self._process = subprocess.Popen(
                [*_java(self._jars, self._folder), "kafka.Kafka", str(self._folder / "server.properties")],
                stdout=out,
                stderr=out,
                # Ctrl-C goes to whoever started the cluster.
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to leave the cluster in order; end it where it does not."""
        if self._process is None:
            return
        self._process.terminate()
        self.wait_stopped()

    def wait_stopped(self) -> None:
        """Wait for the end that was asked for; SIGKILL after a while."""
        if self._process is None:
            return
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self._process:
            self._process.terminate()


class KafkaCluster:
    """Three brokers keep every record, and two of them must have it before it is acknowledged."""

    def __init__(self, folder: Path, *, jars: Path, brokers: int = 3, first_port: int | None = None) -> None:
        """``first_port``: the brokers listen there and on the ports after it; else on any that are free."""
        self._folder = folder.resolve()
        self._jars = jars
        self._nodes = [
            _Node(number) if first_port is None else _Node(number, port=first_port + number - 1)
            for number in range(1, brokers + 1)
        ]
        self.brokers = [
            KafkaBroker(node, folder=self._folder / f"broker-{node.number}", jars=jars)
            for node in self._nodes
        ]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)

    @property
    def detours(self) -> dict[int, int]:
        """Where a client that comes by a detour looks for each broker: the port, and the port behind it."""
        return {node.detour_by: node.detour_port for node in self._nodes}

    def broker(self, number: int) -> KafkaBroker:
        """The broker of that node id, from 1."""
        return self.brokers[number - 1]

    def heal(self) -> None:
        """Every broker runs again and is in the cluster, whatever was done to it."""
        for broker in self.brokers:
            if broker.is_running:
                broker.thaw()
            else:
                broker.start()
        self.wait_until_whole()

    def start(self) -> None:
        """Format the folders where they are new, start every broker and wait until all are in the cluster.

        Raises ``TimeoutError`` naming the log to look into.
        """
        cluster_id = uuid4().hex[:22]
        for node in self._nodes:
            self._format(node, cluster_id)
        for broker in self.brokers:
            broker.start()
        self.wait_until_whole()

    def wait_until_whole(self, seconds: float = _START_SECONDS) -> None:
        """Wait until every broker is in the cluster. Raises ``TimeoutError``."""
        deadline = time.monotonic() + seconds
        while (seen := self._seen()) < len(self.brokers):
            if time.monotonic() > deadline or not all(broker.is_running for broker in self.brokers):
                raise TimeoutError(
                    f"{seen} of {len(self.brokers)} Kafka brokers are there; the logs are in {self._folder}"
                )
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop every broker; their logs stay."""
        for broker in self.brokers:
            broker.thaw()
            broker.ask_to_stop()
        for broker in self.brokers:
            broker.wait_stopped()

    def kill(self) -> None:
        """SIGKILL to every broker."""
        for broker in self.brokers:
            broker.kill()

    def _seen(self) -> int:
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap_servers.split(","),
                bootstrap_timeout_ms=1_000,
                request_timeout_ms=2_000,
            )
            try:
                brokers = admin.describe_cluster()["brokers"]
                return sum(not broker["is_fenced"] for broker in brokers)
            finally:
                admin.close()
        except (KafkaError, OSError, KeyError):
            return 0

    def _format(self, node: _Node, cluster_id: str) -> None:
        folder = self._folder / f"broker-{node.number}"
        folder.mkdir(parents=True, exist_ok=True)
        # Written anew at each start: the ports may be others.
        properties = folder / "server.properties"
        properties.write_text(self._properties(node, folder), encoding="utf-8")
        (folder / "log4j2.properties").write_text(_LOGGING.format(log=folder / "kafka.log"), encoding="utf-8")
        if (folder / "log" / "meta.properties").exists():
            return
        subprocess.run(
            [
                *_java(self._jars, folder),
                *("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)),
            ],
            check=True,
            capture_output=True,
        )

    def _properties(self, node: _Node, folder: Path) -> str:
        replicas = min(3, len(self._nodes))
        in_sync = max(1, replicas - 1)
        voters = ",".join(f"{each.number}@127.0.0.1:{each.controller_port}" for each in self._nodes)
        settings = {
            "node.id": node.number,
            "process.roles": "broker,controller",
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{node.port},DETOUR://127.0.0.1:{node.detour_port},"
            f"CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port},DETOUR://127.0.0.1:{node.detour_by}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,DETOUR:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": folder / "log",
            # Topics are created by the project, never by being asked for.
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "unclean.leader.election.enable": "false",
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 3,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 3,
            "group.initial.rebalance.delay.ms": 0,
            # Tests wait for the sessions of those that they killed.
            "group.min.session.timeout.ms": 1_000,
            # A broker that was killed is noticed within seconds.
            "broker.session.timeout.ms": 3_000,
            "broker.heartbeat.interval.ms": 500,
            "log.retention.check.interval.ms": 1_000,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def _java(jars: Path, folder: Path) -> list[str]:
    program = shutil.which("java") or "java"
    configuration = f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}"
    return [program, *_HEAP, configuration, "-cp", f"{jars}/*"]


@contextmanager
def running_cluster(folder: Path, *, jars: Path, brokers: int = 3) -> Iterator[KafkaCluster]:
    """A cluster with empty logs, killed at the end: brokers that are told to leave all together wait for a
    controller that has left, 20 s each."""
    cluster = KafkaCluster(folder, jars=jars, brokers=brokers)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
