"""What holds of every fact: one identity, no silent change, no loss on the way, an answer to any input."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import codec
from services.domain import validation
from services.domain.event_identity import event_id
from services.domain.validation import Fact
from services.ingest.log.record_packing import MAX_EVENTS, Entry, pack
from services.ingest.standings import Standing, Standings
from services.runtime.kafka_client import MAX_RECORD_BYTES, partition_of
from tests.property import facts

RECORDED_AT = datetime(2022, 7, 31, 8, 30, tzinfo=UTC)
IDENTITY = {"source", "source_ref"}
STRATEGIES: dict[str, st.SearchStrategy[Fact]] = {
    "movement": facts.movements,
    "statement line": facts.statement_lines,
    "plan revision": facts.plan_revisions,
    "baseline schedule": facts.baseline_schedules,
    "completed work line": facts.completed_work_lines,
    "project registration": facts.project_registrations,
    "owner registration": facts.owner_registrations,
    "officer assignment": facts.officer_assignments,
}
every_kind_of_fact = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def decoded(value: bytes, fact: Fact) -> list[Any]:
    events = (
        codec.decode_plans(value) if isinstance(fact, codec.PlanFact) else codec.decode_disbursements(value)
    )
    return [(event.fact, event.recorded_at) for event in events if isinstance(event, codec.Event)]


@every_kind_of_fact
@given(data=st.data())
def test_a_fact_comes_out_of_the_log_as_it_went_in(
    strategy: st.SearchStrategy[Fact], data: st.DataObject
) -> None:
    fact = data.draw(strategy)
    value = codec.encode_batch([fact], recorded_at=RECORDED_AT)
    assert decoded(value, fact) == [(fact, RECORDED_AT)]


@every_kind_of_fact
@given(data=st.data())
def test_batches_of_one_joined_end_to_end_are_one_batch(
    strategy: st.SearchStrategy[Fact], data: st.DataObject
) -> None:
    several = data.draw(st.lists(strategy, min_size=1, max_size=5))
    joined = b"".join(codec.encode_batch([fact], recorded_at=RECORDED_AT) for fact in several)
    assert decoded(joined, several[0]) == [(fact, RECORDED_AT) for fact in several]


@every_kind_of_fact
@given(data=st.data())
def test_the_content_hash_changes_with_every_field_and_not_with_identity(
    strategy: st.SearchStrategy[Fact], data: st.DataObject
) -> None:
    fact, other = data.draw(strategy), data.draw(strategy)
    for field in dataclasses.fields(fact):
        changed = dataclasses.replace(fact, **{field.name: getattr(other, field.name)})
        is_same = field.name in IDENTITY or getattr(changed, field.name) == getattr(fact, field.name)
        assert (changed.content_hash == fact.content_hash) is is_same, field.name


@given(
    one=st.tuples(facts.texts, facts.texts),
    two=st.tuples(facts.texts, facts.texts),
)
def test_an_event_id_is_of_source_and_reference_alone(one: tuple[str, str], two: tuple[str, str]) -> None:
    ids = [event_id(source=source, source_ref=ref) for source, ref in (one, two)]
    assert (ids[0] == ids[1]) is (one == two)


@given(fact=facts.every_fact, business_date=facts.days)
def test_any_fact_is_judged_without_an_error(fact: Fact, business_date: date) -> None:
    for rejection in validation.check(fact, business_date=business_date):
        assert rejection.code in validation.RejectionCode
        assert rejection.field in {"currency", *(field.name for field in dataclasses.fields(fact))}


@given(st.lists(facts.every_fact, max_size=6), st.data())
def test_sending_facts_again_finds_only_duplicates(sent: list[Fact], data: st.DataObject) -> None:
    entries = [Entry.of(fact, recorded_at=RECORDED_AT) for fact in sent]
    journal: dict[Any, set[bytes]] = {}
    for entry in entries:
        journal.setdefault(entry.event_id, set()).add(entry.content_hash)
    again = data.draw(st.permutations(entries))
    assert standings(again, journal) == [Standing.DUPLICATE] * len(entries)
    assert Standing.DUPLICATE not in standings(list({e.content_hash: e for e in entries}.values()), {})


def standings(entries: Sequence[Entry], known: dict[Any, set[bytes]]) -> list[Standing]:
    found = Standings()
    found.add(entries, known)
    assert len(found) == sum(found.counts.values()) == len(entries)
    return [found[number] for number in range(len(entries))]


entry_lists = st.lists(
    st.tuples(st.sampled_from([f"P{number}" for number in range(9)]), st.sampled_from([10, 10, 200_000])),
    max_size=450,
)


@given(stated=entry_lists, partitions=st.integers(1, 12))
def test_a_record_holds_events_of_one_partition_in_order_and_within_bounds(
    stated: Sequence[tuple[str, int]], partitions: int
) -> None:
    fact_id = event_id(source="s", source_ref="r")
    entries = [
        Entry(fact_id, number.to_bytes(32, "big"), "t", key, b"x" * size, RECORDED_AT)
        for number, (key, size) in enumerate(stated)
    ]
    parcels = pack(entries, partitions=partitions)

    packed = [entry for parcel in parcels for entry in parcel.entries]
    assert sorted(packed, key=lambda entry: entry.content_hash) == entries
    by_partition: dict[int, list[Entry]] = {}
    for parcel in parcels:
        assert len(parcel.entries) <= MAX_EVENTS
        assert len(parcel.record.value) <= MAX_RECORD_BYTES
        assert parcel.record.key == parcel.entries[0].routing_key
        (partition,) = {partition_of(entry.routing_key, partitions) for entry in parcel.entries}
        by_partition.setdefault(partition, []).extend(parcel.entries)
    for of_partition in by_partition.values():
        assert of_partition == sorted(of_partition, key=lambda entry: entry.content_hash)
