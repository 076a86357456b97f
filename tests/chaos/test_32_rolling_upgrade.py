"""Rolling upgrade: processes of the version before and of this one share the work on one schema."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import SERVICES
from tests.chaos.earlier_version import EarlierProcess, migrations, unpack
from tests.chaos.requests import post
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait
from tests.support import stated
from tests.support.access import bearer, make_token

pytestmark = pytest.mark.apache_kafka
_ROOT = Path(__file__).resolve().parents[2]
_FORWARD_AND_BACK = ("new", "old", "new")


@pytest.mark.timeout(300)
def test_32_both_versions_at_once_on_one_schema(world: World) -> None:
    tree = unpack(world.folder)
    assert migrations(tree) < migrations(_ROOT)
    world.create_topics()
    old = {name: _earlier(world, tree, name) for name in SERVICES}
    new = {name: world.process(name) for name in SERVICES}
    # Its schema, as it was left.
    _start(old.values())
    token = make_token(world.database_url)
    # By whoever answers, in turn.
    accepted: list[UUID] = []
    _take_in(old["ingest"], token, "before", accepted)

    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
        # Each migrates what is its own while the old ones work, and shares the partitions with them.
        _start(new.values())
        _take_in(old["ingest"], token, "old", accepted)
        _take_in(new["ingest"], token, "new", accepted)
        # The upgrade goes on, is taken back, and goes on: whoever dies leaves its work to the other version.
        for survivor in _FORWARD_AND_BACK:
            goes, stays = (old, new) if survivor == "new" else (new, old)
            before = len(sender.acknowledged)
            for service in goes.values():
                service.kill()
            wait(lambda before=before: len(sender.acknowledged) > before + 30, "events come in")  # type: ignore[misc]
            _take_in(stays["ingest"], token, f"{survivor}-{before}", accepted)
            _start(goes.values())
    world.require_right(sender.acknowledged + accepted)
    for service in (*old.values(), *new.values()):
        assert service.is_running, service.log_file.read_text()[-2_000:]
    # Both read the same books: what the version before states, this one states too; it may state more.
    before, now = (_summary(each["aggregation"], token) for each in (old, new))
    assert before["groups"], before
    assert _as_told_by(before, now) == before


def _start(services: Iterable[ServiceProcess]) -> None:
    for service in services:
        service.start()
    for service in services:
        wait(partial(_is_up, service), f"{service.name} answers")


def _is_up(service: ServiceProcess) -> bool:
    """Another process may hold every partition: then it is not ready, and right all the same."""
    assert service.is_running, service.log_file.read_text()[-2_000:]
    return service.not_ready() in ("", "events: no partition assigned", "progress: no partition assigned")


def _take_in(ingest: ServiceProcess, token: str, reference: str, accepted: list[UUID]) -> None:
    """A project and a payment on it; sent again, the same answer whichever version gives it."""
    code = f"U-{reference}"
    body = {"projects": [stated.project(project_code=code)]}
    wait(lambda: post(ingest, token, "/v1/registers", body)[0] == 202, "the project is known")
    paid = {"movements": [stated.movement(project_code=code, source_ref=reference)]}
    status, answer = post(ingest, token, "/v1/disbursements", paid)
    assert status == 202, answer
    accepted.extend(UUID(each) for each in answer["event_ids"])


def _earlier(world: World, tree: Path, service: str) -> EarlierProcess:
    ports = {name: servers.free_port() for name in SERVICES}
    process = EarlierProcess(
        tree,
        service,
        port=ports[service],
        environment=world.environment(ports),
        log_file=world.folder / f"earlier-{service}.log",
    )
    world.processes.append(process)
    return process


def _as_told_by(before: Any, now: Any) -> Any:
    """``now`` without the fields that an answer of the shape of ``before`` does not have."""
    match before, now:
        case dict(), dict():
            return {name: _as_told_by(before[name], now[name]) for name in now if name in before}
        case list(), list() if len(before) == len(now):
            return [_as_told_by(*pair) for pair in zip(before, now, strict=True)]
    return now


def _summary(service: ServiceProcess, token: str) -> Any:
    url = f"{service.url}/v1/summary?group_by=fund_source&as_of=2022-07-31"
    with urllib.request.urlopen(urllib.request.Request(url, headers=bearer(token)), timeout=30) as answer:
        return json.load(answer)
