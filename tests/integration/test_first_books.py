"""The first books of a province: news to each of its subjects."""

from __future__ import annotations

from datetime import date

from tests.support import facts
from tests.support.aggregation import running, settings_for
from tests.support.brokers import Broker


def test_the_first_books_of_a_province_are_told_to_every_subject(database_url: str, broker: Broker) -> None:
    """They reach the business date itself, so that the day stays the same: P2 has disbursed nothing by it."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as started:
        started.publish(facts.plan(1_000), facts.plan(1_000, "P2"))
        started.settle()
        assert started.told()["project", "P2"].books_through is None
        started.publish(facts.movement("1", 10, "2022-07-31"))
        started.settle()
        assert started.told()["project", "P2"].books_through == date(2022, 7, 31)
