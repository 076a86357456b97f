"""Connections whose other end went without a word, to PostgreSQL and to Kafka, are given up in bounded time.

Nothing that is sent there is acknowledged, as where a machine lost its power or a firewall its memory.
"""

from __future__ import annotations

import threading

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos.detour import Detour
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(240)
@pytest.mark.parametrize("waits_for_answer", [True, False], ids=["asked", "asks"])
def test_18_a_half_open_connection_to_postgres_is_given_up(
    world: World, detour: SqlDetour, waits_for_answer: bool
) -> None:
    """Whether the server took the question and its answer is lost, or nobody takes the question."""
    world.create_topics()
    is_silent = threading.Event()

    def go_silent(statement: Statement) -> bool:
        if statement.application == APPLIES_EVENTS and statement.in_batch and not is_silent.is_set():
            detour.go_silent()
            is_silent.set()
        return True

    worker = world.process("aggregation", database_url=detour.url)
    worker.start()
    wait_until_ready([worker])
    if not waits_for_answer:
        detour.go_silent()
        is_silent.set()
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        detour.on_answer = go_silent
        wait(is_silent.is_set, "the connections are half-open")
        wait(lambda: "database lost" in worker.log_file.read_text(), "it gives its connection up")
    world.require_right(sender.acknowledged)
    wait(lambda: not worker.not_ready(), "the API asks by new connections")
    assert worker.is_running


@pytest.mark.apache_kafka
@pytest.mark.timeout(300)
def test_18_half_open_connections_to_the_brokers_are_given_up(world: World) -> None:
    world.create_topics()
    detours = world.cluster.detours
    by_detour = ",".join(f"127.0.0.1:{port}" for port in detours)
    with Detour(detours).running() as detour:
        worker = world.process("aggregation", bootstrap_servers=by_detour)
        worker.start()
        wait_until_ready([worker])
        with Sender(world.settings(), FactStream(world.rng)).running() as sender:
            wait(lambda: len(sender.acknowledged) > 50, "events come in")
            detour.go_silent()
            before = len(sender.acknowledged)
            wait(lambda: len(sender.acknowledged) > before + 50, "events come in")
        world.require_right(sender.acknowledged)
        assert worker.is_running
