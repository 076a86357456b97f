"""A topic is deleted and created again: offsets start at 0 there, so aggregation refuses until told."""

from __future__ import annotations

from uuid import UUID

import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from services.contracts import topics
from tests.chaos.requests import post
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait
from tests.support import stated
from tests.support.access import make_token
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka


def require_stopped(worker: ServiceProcess, *named: str) -> None:
    """It ends by itself with exit code 1, and its log names why. Raises ``AssertionError``."""
    wait(lambda: not worker.is_running, "it stops", seconds=40)
    assert worker.exit_code == 1
    log = worker.log_file.read_text()
    (reason,) = [line for line in log.splitlines() if "service stops" in line][-1:]
    assert "critical" in reason
    for each in named:
        assert each in reason, reason


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_running", [True, False], ids=["while it runs", "while it is stopped"])
def test_11_a_re_created_topic_is_refused_until_an_operator_adopts_it(world: World, is_running: bool) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    sender = Sender(world.settings(), stream)
    old = stream.take(60)
    for fact in old:
        sender.send(fact)
    worker = world.process("aggregation")
    worker.start()
    world.settle()
    before = world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger")
    if not is_running:
        worker.stop()

    world.re_create_topic(topics.DISBURSEMENT)
    # More than was applied of the old log: a reader that went by offsets alone would skip the first of them.
    for fact in stream.take(90):
        sender.send(fact)
    if not is_running:
        worker.start()
    adopt = ["--schema", "aggregation", "--topic", topics.DISBURSEMENT]
    require_stopped(worker, "giaingan adopt-log " + " ".join(adopt))
    # Started again, it refuses again, and has read nothing.
    worker.start()
    require_stopped(worker, "adopt-log")
    assert world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger") == before

    assert "from the beginning" in world.operator("adopt-log", *adopt).stdout
    worker.start()
    wait_until_ready([worker])
    # Who has the old events sends them again: they count once.
    for fact in old:
        sender.send(fact)
    world.require_right(sender.acknowledged)


@pytest.mark.timeout(180)
def test_11_ingest_learns_the_register_from_a_re_created_topic_of_plans(world: World) -> None:
    """Its read model holds no money: it takes the other log up from its beginning, without being told."""
    world.create_topics()
    token = make_token(world.database_url)
    ingest = world.process("ingest")
    ingest.start()
    wait_until_ready([ingest])
    for code in ("P1", "P2", "P3"):
        status, _ = post(ingest, token, "/v1/registers", {"projects": [stated.project(project_code=code)]})
        assert status == 202
    wait(lambda: world.rows("SELECT sum(next_offset) FROM ingest.source_position") == [(3,)], "it is read")
    world.re_create_topic(topics.PLAN)
    wait(
        lambda: world.rows("SELECT count(DISTINCT topic_id) FROM ingest.source_position") == [(2,)],
        "the other log is taken up",
    )
    registered = {"projects": [stated.project(project_code="P4")]}
    wait(lambda: post(ingest, token, "/v1/registers", registered)[0] == 202, "it is registered")
    body = {"movements": [stated.movement(project_code=code, source_ref=code) for code in ("P1", "P4")]}
    status, paid = post(ingest, token, "/v1/disbursements", body)
    assert (status, paid["new"]) == (202, 2)
    assert ingest.is_running
    with running(world.settings()):
        world.require_right([UUID(event_id) for event_id in paid["event_ids"]])
