"""Receivers of webhooks that fail, hang, reset and trickle: a sound one beside them is told in time, and they
are told of everything once they are well again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.embedded.stack import wait_until_ready
from services.contracts import progress_codec, topics
from services.domain.progress import Subject, SubjectType
from services.runtime.kafka_client import Publisher, Record
from tests.chaos.webhook_world import changes, faults, sending_process, unsettled
from tests.chaos.world import World, wait
from tests.support import ca_mau
from tests.support.alerting import Desk, migrated
from tests.support.webhooks import SETTINGS, Received, Receiver, Reply, ResetError, let_time_pass, make
from tests.support.webhooks import receiver as a_receiver

_PROJECTS = 10
# The time that a receiver has for its answer; four bad ones at once take no longer from the sound one.
_TIMEOUT_SECONDS = 2.0
_SOUND_SECONDS = 15.0


@pytest.fixture
def healed() -> Iterator[threading.Event]:
    """Set when the receivers are well again; at the end whatever hangs is let go."""
    event = threading.Event()
    yield event
    event.set()


def _bad(healed: threading.Event) -> dict[str, object]:
    def failing(_: Received) -> Reply:
        return Reply(500)

    def resetting(_: Received) -> Reply:
        raise ResetError

    def hanging(_: Received) -> Reply:
        healed.wait(60)
        return Reply(500)

    def trickling(_: Received) -> Reply:
        return Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000, seconds_a_byte=0.1)

    return {"500": failing, "reset": resetting, "timeout": hanging, "slow": trickling}


@pytest.mark.timeout(180)
def test_25_bad_receivers_hold_up_nobody_and_are_told_when_they_are_well(
    world: World, healed: threading.Event
) -> None:
    world.create_topics()
    migrated(world.database_url)
    client = Desk(world.database_url).client(**SETTINGS)
    with ExitStack() as stack:
        sound = stack.enter_context(a_receiver())
        receivers: list[tuple[Receiver, str]] = [(sound, make(client, sound.url)["secret"])]
        for behaviour in _bad(healed).values():
            bad = stack.enter_context(a_receiver())
            bad.answering = behaviour  # type: ignore[assignment]
            receivers.append((bad, make(client, bad.url)["secret"]))
        worker = sending_process(world, timeout_seconds=_TIMEOUT_SECONDS)
        worker.start()
        wait_until_ready([worker])

        _publish(world)
        started = time.monotonic()
        wait(lambda: len(sound.received) == _PROJECTS, "the sound one is told", seconds=_SOUND_SECONDS)
        print(f"told in {time.monotonic() - started:.1f} s")  # noqa: T201 - a figure for whoever looks
        wait(lambda: all(bad.received for bad, _ in receivers), "the bad ones were tried")
        ((delivered,),) = world.rows("SELECT count(*) FROM alert.webhook_delivery WHERE state = 'delivered'")
        assert delivered == _PROJECTS

        healed.set()
        for bad, _ in receivers:
            bad.answering = lambda _: Reply()
        wait(lambda: _is_settled(world), "the others are told too", seconds=90)
        told = changes(world)
        assert len(told) == _PROJECTS
        assert [fault for each, secret in receivers for fault in faults(each, secret, told)] == []
    outcomes = {outcome for (outcome,) in world.rows("SELECT outcome FROM alert.webhook_attempt")}
    assert outcomes == {"delivered", "failed"}
    errors = " ".join(
        str(error) for (error,) in world.rows("SELECT DISTINCT error FROM alert.webhook_attempt")
    )
    assert "no answer within 2 s" in errors
    assert "no connection, or no HTTP" in errors


@pytest.mark.chaos
@pytest.mark.timeout(120)
def test_25_told_to_stop_while_a_receiver_hangs_it_ends_in_time(
    world: World, healed: threading.Event
) -> None:
    """And what hung is sent again by the next, under its id."""
    world.create_topics()
    migrated(world.database_url)
    client = Desk(world.database_url).client(**SETTINGS)
    with a_receiver() as hanging:
        hanging.answering = _bad(healed)["timeout"]  # type: ignore[assignment]
        secret = make(client, hanging.url)["secret"]
        worker = sending_process(world, timeout_seconds=15)
        worker.start()
        wait_until_ready([worker])
        _publish(world)
        wait(lambda: bool(hanging.received), "one is under way")
        worker.ask_to_stop()
        wait(lambda: worker.exit_code is not None, "it ends", seconds=20)
        assert worker.exit_code == 0
        healed.set()
        hanging.answering = lambda _: Reply()
        let_time_pass(world.database_url)
        worker.start()
        wait(lambda: unsettled(world) == 0 and len(changes(world)) == _PROJECTS, "everything is told")
        assert faults(hanging, secret, changes(world)) == []


def _publish(world: World) -> None:
    publisher = Publisher(world.settings(kafka_delivery_timeout_ms=10_000), client_id="test-progress")
    try:
        for number in range(_PROJECTS):
            subject = Subject(SubjectType.PROJECT, f"P{number}", f"Dự án {number}", "96")
            value = progress_codec.encode_progress(ca_mau.province(subject=subject))
            publisher.publish(topics.PROGRESS, [Record(subject.code, value)])
    finally:
        publisher.close()


def _is_settled(world: World) -> bool:
    """Whether all is delivered, as time goes by quickly."""
    if not unsettled(world):
        return True
    world.execute(
        "UPDATE alert.webhook_delivery SET next_try_at = now()"
        " WHERE state = 'pending' AND next_try_at > now()"
    )
    return False
