"""Alert is killed at a step of the delivery of a webhook: each notice arrives, always under its id and in the
same bytes; whoever keeps the ids sees each once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from services.alert.webhooks.sender import APPLICATION
from services.domain.progress import Progress, Subject, SubjectType
from tests.chaos.sql_detour import SqlDetour, Statement
from tests.chaos.webhook_world import changes, faults, sending_process, unsettled
from tests.chaos.world import World, wait
from tests.support import ca_mau
from tests.support.alerting import Desk, migrated
from tests.support.webhooks import SETTINGS, Received, Reply, let_time_pass, make, receiver

# What the statements of a delivery do, by words that only each of them holds.
_WORDS = {
    "made": "DELETE FROM alert.webhook_unrouted",
    "locked": "FOR NO KEY UPDATE OF e SKIP LOCKED",
    "claimed": "leased AS",
    "keys read": "FROM alert.webhook_key",
    "lease ended": "SET leased_until = NULL",
    "settled": "SET state = ",
    "logged": "INSERT INTO alert.webhook_attempt",
}
_BEFORE, _ANSWERED = "before", "answered"
_AT_THE_RECEIVER = ("received", "")
# Where it is claimed and not sent, and where it is sent and not written down.
_FIRST = [(_ANSWERED, "COMMIT keys read"), (_BEFORE, "lease ended")]
_STEPS = [
    *((when, what) for what in (*_WORDS, "COMMIT made", "COMMIT keys read", "COMMIT logged")
      for when in (_BEFORE, _ANSWERED)),
    _AT_THE_RECEIVER,
]  # fmt: skip


class _Killer:
    """Kills a process at a step of its sender, once, when it is armed."""

    def __init__(self, worker: ServiceProcess) -> None:
        self._worker = worker
        self._step: tuple[str, str] | None = None
        self._last = ""
        self.struck = threading.Event()

    def arm(self, step: tuple[str, str]) -> None:
        self.struck.clear()
        self._step = step

    def on_statement(self, statement: Statement) -> bool:
        if statement.application != APPLICATION:
            return True
        what = self._what(statement)
        self._last = what or self._last
        return not self._strikes((_BEFORE, what))

    def on_answer(self, statement: Statement) -> bool:
        if statement.application != APPLICATION:
            return True
        return not self._strikes((_ANSWERED, self._what(statement)))

    def on_received(self, _: Received) -> Reply:
        self._strikes(_AT_THE_RECEIVER)
        return Reply()

    def _what(self, statement: Statement) -> str:
        if statement.text == "COMMIT":
            return f"COMMIT {self._last.removeprefix('COMMIT ')}"
        return next((name for name, words in _WORDS.items() if words in statement.text), "")

    def _strikes(self, step: tuple[str, str]) -> bool:
        if step != self._step:
            return False
        self._step = None
        self._worker.kill()
        self.struck.set()
        return True


@pytest.mark.timeout(1_500)
@pytest.mark.parametrize(
    "seeds", [pytest.param(3, id="3 seeds"), pytest.param(50, id="50 seeds", marks=pytest.mark.chaos_full)]
)
def test_26_killed_at_any_step_of_a_delivery_each_notice_arrives_under_its_id(
    world: World, detour: SqlDetour, seeds: int
) -> None:
    world.create_topics()
    migrated(world.database_url)
    desk = Desk(world.database_url)
    client = desk.client(**SETTINGS)
    others = world.rng.sample([step for step in _STEPS if step not in _FIRST], len(_STEPS) - len(_FIRST))
    steps = [*_FIRST, *others, *world.rng.choices(_STEPS, k=seeds)][:seeds]
    with receiver() as first, receiver() as second:
        secrets = [make(client, each.url)["secret"] for each in (first, second)]
        worker = sending_process(world, database_url=detour.url)
        killer = _Killer(worker)
        detour.on_statement, detour.on_answer = killer.on_statement, killer.on_answer
        first.answering = killer.on_received
        worker.start()
        for seed, step in enumerate(steps):
            print(f"seed {seed}: killed {' '.join(step)}")  # noqa: T201 - shown with what fails
            wait_until_ready([worker])
            killer.arm(step)
            desk.judge(_project(seed))
            desk.judge(_project(seed, disbursed=1_500_000_000_000, version=2))
            wait(killer.struck.is_set, f"killed {' '.join(step)}")
            # What the dead one leased is free again, as after half a minute.
            let_time_pass(world.database_url)
            worker.start()
        wait(lambda: not unsettled(world), "every notice is delivered")
        told = changes(world)
        assert len(told) == 2 * seeds
        for each, secret in zip((first, second), secrets, strict=True):
            assert faults(each, secret, told) == []
            # Whoever keeps the ids sees each once; some did come twice.
            print(Counter(Counter(each.ids).values()))  # noqa: T201 - how many came how often
        # Sent and not written down, one of the two was told again: the kill falls at whichever is first.
        assert any(len(each.ids) > len(set(each.ids)) for each in (first, second))


def _project(number: int, *, disbursed: int = 1_207_200_000_000, version: int = 1) -> Progress:
    subject = Subject(SubjectType.PROJECT, f"P{number}", f"Dự án {number}", "96")
    return ca_mau.province(subject=subject, disbursed=disbursed, version=version)
