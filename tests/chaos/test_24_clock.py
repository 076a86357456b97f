"""The clock of a service is a day ahead or behind: what is accepted is in the books, or kept for a person."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from services.runtime.clock import VIETNAM
from tests.chaos import other_clock
from tests.chaos.requests import post
from tests.chaos.world import World, wait
from tests.support import stated
from tests.support.access import make_token

pytestmark = pytest.mark.chaos
_RIGHT = {"GIAINGAN_BUSINESS_DATE": ""}
_DAY = timedelta(days=1)


def _today() -> date:
    return datetime.now(VIETNAM).date()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("shift", ["+1d", "-1d"])
def test_24_a_clock_that_is_a_day_wrong_loses_and_doubles_nothing(world: World, shift: str) -> None:
    wrong = other_clock.environment(shift)
    world.create_topics()
    token = make_token(world.database_url)
    accepted: list[UUID] = []

    def pay(ingest: ServiceProcess, reference: str, day: date) -> tuple[int, Any]:
        movement = stated.movement(source_ref=reference, value_date=str(day), budget_year=day.year)
        status, answer = post(ingest, token, "/v1/disbursements", {"movements": [movement]})
        if status == 202:
            accepted.extend(UUID(each) for each in answer["event_ids"])
        return status, answer

    # The doors are wrong, the books are right.
    ingest, worker = world.process("ingest", settings=wrong), world.process("aggregation", settings=_RIGHT)
    ingest.start()
    worker.start()
    wait_until_ready([ingest, worker])
    registered = {"projects": [stated.project()]}
    wait(lambda: post(ingest, token, "/v1/registers", registered)[0] == 202, "the project is known")
    assert pay(ingest, "old", _today() - 2 * _DAY)[0] == 202
    # What the wrong clock takes for a day to come is refused by name, and nothing of it is kept.
    too_late = _today() + (2 * _DAY if shift == "+1d" else timedelta(0))
    status, refused = pay(ingest, "too late", too_late)
    assert (status, refused["errors"][0]["code"]) == (422, "after-business-date")
    assert pay(ingest, "last", too_late - _DAY)[0] == 202
    world.require_right(accepted)
    ingest.stop()
    worker.stop()

    # The other way round; the clock of the doors was put right.
    ingest, worker = world.process("ingest", settings=_RIGHT), world.process("aggregation", settings=wrong)
    ingest.start()
    worker.start()
    wait_until_ready([ingest, worker])
    # Sent again, it is known; and what came too early comes now.
    assert pay(ingest, "old", _today() - 2 * _DAY)[1]["new"] == 0
    assert pay(ingest, "today", _today())[0] == 202
    world.require_right(accepted)
    assert world.rows("SELECT count(*) FROM aggregation.ledger")[0][0] == len(set(accepted))
    assert ingest.is_running
    assert worker.is_running
