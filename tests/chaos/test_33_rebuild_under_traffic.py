"""The books are made again from the log and swapped under traffic; nothing is lost, doubled or told again."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from services.aggregation.rebuild import from_kafka
from services.contracts import progress_codec, topics
from services.domain.plan import BaselineKind
from services.runtime.config import Settings
from tests.chaos import books
from tests.chaos.stream import FactStream, Sender
from tests.support import facts
from tests.support.aggregation import Aggregation, eventually, read_all, running, settings_for
from tests.support.alerting import Alerting
from tests.support.alerting import running as running_alert
from tests.support.brokers import Broker, is_apache_kafka
from tests.support.logins import execute

_PROJECTS = 24


@dataclass
class Live:
    """Aggregation and alert at work, and a stream of facts for them."""

    settings: Settings
    aggregation: Aggregation
    alert: Alerting
    stream: FactStream

    @property
    def url(self) -> str:
        return self.settings.database_url.get_secret_value()

    def settle(self) -> None:
        """Every record of every topic is applied, told and relayed."""
        self.aggregation.settle()
        eventually(lambda: self.alert.applied() >= len(read_all(self.settings, topics.PROGRESS)))
        eventually(lambda: not self.alert.rows("SELECT 1 FROM alert.outbox WHERE published_at IS NULL"))


@pytest.fixture
def live(database_url: str, broker: Broker, rng: random.Random) -> Iterator[Live]:
    settings = settings_for(database_url, broker.bootstrap_servers, public_url="https://alerts.example.vn")
    with ExitStack() as closing:
        aggregation = closing.enter_context(running(settings))
        alert = closing.enter_context(running_alert(settings))
        aggregation.publish(*[facts.plan(10**9, f"P{number:02}") for number in range(_PROJECTS)])
        aggregation.publish(facts.curve(BaselineKind.TARGET, "96", {"2022-03-31": 20, "2022-06-30": 60}))
        yield Live(settings, aggregation, alert, FactStream(rng))


@pytest.mark.timeout(480)
def test_33_a_swap_under_traffic_loses_doubles_and_tells_nothing_again(live: Live) -> None:
    with Sender(live.settings, live.stream, pause_seconds=0.1).running() as sender, _reading(live) as answers:
        eventually(lambda: len(sender.acknowledged) > 50)
        assert _differing(live, to_swap=False) == []
        assert _differing(live, to_swap=True) == []
        sent = len(sender.acknowledged)
        eventually(lambda: len(sender.acknowledged) > sent + 20)
        execute(live.url, _EDIT)
        (edited,) = execute(live.url, "SELECT project_code FROM aggregation.balance WHERE disbursed > 10^15")
        found = from_kafka.rebuild(live.settings, to_swap=True)
        assert {(each.table, each.subject["project_code"]) for each in found.differences.kept} == {
            ("balance", edited[0])
        }
        assert found.swap_held_seconds < 5
        assert _differing(live, to_swap=False) == []
    assert set(answers) == {200}, Counter(answers)
    live.settle()
    assert _faults(live, sender) == []
    assert live.aggregation.failures == []
    _require_nothing_told_again(live)


def _faults(live: Live, sender: Sender) -> list[str]:
    """The embedded broker says where its last batch began for the end of its log (docs/adr/0008)."""
    found = books.faults(live.settings, sender.acknowledged)
    return [fault for fault in found if is_apache_kafka() or "position-beyond-log" not in fault]


@contextmanager
def _reading(live: Live) -> Iterator[list[int]]:
    """Somebody asks the read API all the while; the statuses it was answered with."""
    answers: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.wait(0.05):
            query = {"province": "96", "group_by": "fund_source", "as_of": "2022-07-31"}
            answers.append(live.aggregation.client.get("/v1/summary", query_string=query).status_code)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield answers
    finally:
        stop.set()
        reader.join()


def _require_nothing_told_again(live: Live) -> None:
    """No two notices of one change; and once all is quiet, a swap brings no notice at all."""
    before = _notices(live)
    assert before
    assert [notice for notice, times in before.items() if times > 1] == []
    assert from_kafka.rebuild(live.settings, to_swap=True).differences.count == 0
    # Had the services anything to tell because of the swap, it would come before what this brings.
    live.aggregation.publish(facts.movement("after the swap", 5, project_code="P00"))
    live.settle()
    after = _notices(live)
    assert before <= after
    told = [
        progress_codec.decode_progress(value) for topic, value in after - before if topic == topics.PROGRESS
    ]
    fund_sources = live.aggregation.rows(
        "SELECT DISTINCT fund_source FROM aggregation.plan_revision WHERE project_code = 'P00'"
        " UNION SELECT fund_source FROM aggregation.balance WHERE project_code = 'P00'"
    )
    assert {(str(each.subject.type), each.subject.code) for each in told} == {
        ("project", "P00"),
        ("owner", "96/O1"),
        ("province", "96"),
        *(("fund_source", f"96/{code}") for (code,) in fund_sources),
    }
    assert len(told) == len({each.subject for each in told})


def _notices(live: Live) -> Counter[tuple[str, bytes]]:
    """Every record of the topics that tell of something."""
    return Counter(
        (topic, value)
        for topic in (topics.PROGRESS, topics.ALERT)
        for value in read_all(live.settings, topic)
    )


def _differing(live: Live, *, to_swap: bool) -> list[str]:
    outcome = from_kafka.rebuild(live.settings, to_swap=to_swap)
    assert outcome.is_swapped == to_swap
    return [repr(each) for each in outcome.differences.kept]


_EDIT = """
UPDATE aggregation.balance SET disbursed = disbursed + 10^16
 WHERE ctid = (SELECT ctid FROM aggregation.balance ORDER BY project_code, value_date LIMIT 1)
"""
