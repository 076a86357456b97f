"""The brokers take the record, their answer never arrives, and ingest dies before it knows."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest

from deploy.embedded.stack import wait_until_ready
from deploy.simulation.guards import removed
from services.contracts import topics
from tests.chaos import books
from tests.chaos.detour import Detour
from tests.chaos.requests import post
from tests.chaos.world import World, wait
from tests.integration.ingest_stack import Read, read_log
from tests.support import stated
from tests.support.access import make_token
from tests.support.aggregation import running
from tests.support.brokers import ClusterAsBroker

pytestmark = pytest.mark.apache_kafka
# Of the movement before the fault, and of the nine that are sent twice.
_AMOUNT = 1_000_000 + sum(range(1, 10))


@pytest.mark.timeout(180)
def test_09_a_lost_answer_and_a_dead_ingest_count_once(world: World) -> None:
    world.create_topics()
    with running(world.settings()):
        world.require_right(_sent_twice(world))
    assert world.rows("SELECT sum(disbursed)::bigint FROM aggregation.ledger") == [(_AMOUNT,)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("guard", ["dedup", "returned-rows-only"])
def test_09_without_its_guards_aggregation_counts_twice(world: World, guard: str) -> None:
    """The row turns red."""
    world.create_topics()
    with removed(guard) as taken_out, running(world.settings()) as aggregation:
        world.execute(*taken_out.statements)
        sent = _sent_twice(world)
        world.settle()
        assert aggregation.failures == []
        assert books.faults(world.settings(), sent) != []
    ((balance,),) = world.rows("SELECT sum(disbursed)::bigint FROM aggregation.balance")
    assert balance > _AMOUNT


def _sent_twice(world: World) -> set[UUID]:
    """The log holds these events twice, since ingest died before it knew that the brokers had them."""
    token = make_token(world.database_url)
    detours = world.cluster.detours
    by_detour = ",".join(f"127.0.0.1:{port}" for port in detours)
    with Detour(detours).running() as detour:
        ingest = world.process("ingest", bootstrap_servers=by_detour)
        ingest.start()
        wait_until_ready([ingest])

        assert post(ingest, token, "/v1/registers", {"projects": [stated.project()]})[0] == 202
        body = {"movements": [stated.movement(source_ref=f"V-{n}", amount=n + 1) for n in range(9)]}
        assert (
            post(ingest, token, "/v1/disbursements", {"movements": [stated.movement(source_ref="first")]})[0]
            == 202
        )
        before = len(_in_log(world))

        detour.answers_are_lost.set()
        answers: list[tuple[int, Any]] = []
        sending = threading.Thread(
            target=lambda: answers.append(post(ingest, token, "/v1/disbursements", body))
        )
        sending.start()
        wait(lambda: len(_in_log(world)) > before, "the brokers have the record")
        ingest.kill()
        sending.join()
        assert answers[0][0] == 0, "answered before it died"

        detour.answers_are_lost.clear()
        ingest.start()
        wait_until_ready([ingest])
        status, receipt = post(ingest, token, "/v1/disbursements", body)
        assert (status, receipt["new"]) == (202, 9)
        twice = [read.event.fact.event_id for read in _in_log(world)]
        assert len(twice) > len(set(twice)), "the log holds them twice"
        return set(twice)


def _in_log(world: World) -> list[Read]:
    return read_log(ClusterAsBroker(world.cluster), topics.DISBURSEMENT)
