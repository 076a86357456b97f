"""Three processes of aggregation share the partitions; one of them dies, freezes or leaves all the time."""

from __future__ import annotations

import signal
import time

import pytest

from deploy.embedded.processes import ServiceProcess
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import SESSION_TIMEOUT_MS, World, wait

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(240)
def test_05_a_rebalance_storm_loses_and_doubles_nothing(world: World) -> None:
    _storm(world, seconds=30)


@pytest.mark.chaos_full
@pytest.mark.timeout(900)
def test_05_ten_minutes_of_rebalancing(world: World) -> None:
    _storm(world, seconds=600)


def _storm(world: World, *, seconds: float) -> None:
    world.create_topics()
    workers = [world.process("aggregation") for _ in range(3)]
    for worker in workers:
        worker.start()
    wait(lambda: any(not worker.not_ready() for worker in workers), "a worker reads")
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _strike(world, world.rng.choice(workers))
            time.sleep(world.rng.uniform(0.1, 2.0))
    for worker in workers:
        assert worker.is_running, worker.log_file.read_text()[-2_000:]
    world.require_right(sender.acknowledged)
    # Each partition was handed on, and is held under the epoch of its last claim.
    ((epochs,),) = world.rows("SELECT max(epoch) FROM aggregation.source_position")
    assert epochs > 3


def _strike(world: World, worker: ServiceProcess) -> None:
    """Kill it, let it leave in order, or freeze it for shorter or longer than its session lasts."""
    how = world.rng.choice(["kill", "stop", "freeze"])
    assert worker.is_running, worker.log_file.read_text()[-2_000:]
    if how == "kill":
        worker.kill()
        worker.start()
    elif how == "stop":
        worker.stop()
        # Told before it could listen, it ends by the signal.
        assert worker.exit_code in (0, -signal.SIGTERM), worker.log_file.read_text()[-2_000:]
        worker.start()
    else:
        worker.freeze()
        time.sleep(world.rng.uniform(0.2, 1.5 * SESSION_TIMEOUT_MS / 1000))
        worker.thaw()
