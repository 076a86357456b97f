"""Every project of a province crosses its threshold at once, and alert dies on the way: one alert each."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from services.contracts import progress_codec, topics
from services.domain.progress import Subject, SubjectType
from services.runtime.kafka_client import Publisher, Record
from tests.chaos.world import World, wait
from tests.support import ca_mau
from tests.support.access import bearer, make_token
from tests.support.aggregation import read_all

pytestmark = pytest.mark.chaos
_SLICE = 500
_MEGABYTE = 1024 * 1024
# What a batch of 500 and its findings may take, whatever there is in all.
_MOST_GROWTH = 120 * _MEGABYTE


@pytest.mark.timeout(300)
def test_27_a_thousand_projects_cross_at_once(world: World) -> None:
    _cross(world, projects=1_000)


@pytest.mark.chaos_full
@pytest.mark.timeout(900)
def test_27_ten_thousand_projects_cross_at_once(world: World) -> None:
    _cross(world, projects=10_000)


def _cross(world: World, *, projects: int) -> None:
    world.create_topics()
    token = make_token(world.database_url)
    worker = world.process("alert")
    worker.start()
    wait_until_ready([worker])
    process = psutil.Process(worker.pid or 0)
    before = process.memory_info().rss
    _tell(world, projects)
    # Dies with some of them judged, and some of these told.
    wait(lambda: _count(world, "alert.alert") >= projects // 3, "a third is judged", seconds=120)
    grown = process.memory_info().rss - before
    worker.kill()
    worker.start()
    wait(lambda: _count(world, "alert.alert") == projects, "every project is judged", seconds=240)
    wait(lambda: _unpublished(world) == 0, "every alert is published", seconds=240)

    wait_until_ready([worker])
    grown = max(grown, psutil.Process(worker.pid or 0).memory_info().rss - before)
    assert grown < _MOST_GROWTH
    assert _count(world, "alert.alert_change") == projects
    # Some twice, of which the death knew nothing, but in the same bytes.
    assert len(set(read_all(world.settings(), topics.ALERT))) == projects
    subjects = [alert["subject"]["code"] for alert in _alerts(worker, token)]
    assert sorted(subjects) == sorted(f"P{number:05}" for number in range(projects))


def _tell(world: World, projects: int) -> None:
    publisher = Publisher(world.settings(kafka_delivery_timeout_ms=30_000), client_id="test-progress")
    try:
        for first in range(0, projects, _SLICE):
            records = []
            for number in range(first, min(projects, first + _SLICE)):
                subject = Subject(SubjectType.PROJECT, f"P{number:05}", f"Dự án {number}", "96")
                value = progress_codec.encode_progress(ca_mau.province(subject=subject))
                records.append(Record(subject.code, value))
            publisher.publish(topics.PROGRESS, records)
    finally:
        publisher.close()


def _count(world: World, table: str) -> int:
    ((count,),) = world.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
    return int(count)


def _unpublished(world: World) -> int:
    ((count,),) = world.rows("SELECT count(*) FROM alert.outbox WHERE published_at IS NULL")
    return int(count)


def _alerts(worker: ServiceProcess, token: str) -> list[Any]:
    """Every alert that is open, page by page."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        query = urlencode({"state": "open", "limit": "200", **cursor})
        request = urllib.request.Request(f"{worker.url}/v1/alerts?{query}", headers=bearer(token))
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = {"cursor": page["next_cursor"]}
