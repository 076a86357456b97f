"""Bad input 31: what a newer version of the contract states is held whole, and applied by a replay once the
service knows it. The older version is the present contract with something taken out of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from services.contracts import codec, plan_bodies, topics
from services.contracts.gen.giaingan.v1 import common_pb2, disbursement_pb2, plan_pb2
from services.domain import event_identity
from services.domain.disbursement import CompletedWorkLine
from services.domain.money import Money
from services.domain.plan import PlanBase
from services.runtime.kafka_client import Record
from tests.support import facts
from tests.support.aggregation import RECORDED_AT, Aggregation, running, settings_for
from tests.support.brokers import Broker

Change = Callable[[descriptor_pb2.FileDescriptorProto], None]


def version(change: Change) -> descriptor_pool.DescriptorPool:
    """The contract with a change to each of its files."""
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, disbursement_pb2, plan_pb2):
        for described in (*module.DESCRIPTOR.dependencies, module.DESCRIPTOR):
            file = descriptor_pb2.FileDescriptorProto()
            described.CopyToProto(file)
            change(file)
            pool.Add(file)
    return pool


def message_of(pool: descriptor_pool.DescriptorPool, name: str) -> Any:
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"giaingan.v1.{name}"))


def without_completed_work(file: descriptor_pb2.FileDescriptorProto) -> None:
    for message in file.message_type:
        if message.name == "DisbursementEvent":
            kept = [field for field in message.field if field.name != "completed_work"]
            del message.field[:]
            message.field.extend(kept)


def without_carry_over(file: descriptor_pb2.FileDescriptorProto) -> None:
    for enum in file.enum_type:
        kept = [value for value in enum.value if value.name != "PLAN_BASE_CARRY_OVER"]
        del enum.value[:]
        enum.value.extend(kept)


@contextmanager
def older_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service as it was before it knew completed work and carry-over capital."""
    pool = version(without_completed_work)
    old_bases = version(without_carry_over).FindEnumTypeByName("giaingan.v1.PlanBase")
    with monkeypatch.context() as patch:
        batch = SimpleNamespace(
            DisbursementBatch=message_of(pool, "DisbursementBatch"),
            DisbursementEvent=message_of(pool, "DisbursementEvent"),
        )
        patch.setattr(codec, "disbursement_pb2", batch)
        enums = SimpleNamespace(PlanBase=EnumTypeWrapper(old_bases), PlanLevel=plan_pb2.PlanLevel)
        patch.setattr(plan_bodies, "plan_pb2", enums)
        yield


def held(aggregation: Aggregation) -> list[dict[str, Any]]:
    items = aggregation.client.get("/v1/quarantine").get_json()["items"]
    return [aggregation.client.get(f"/v1/quarantine/{i['quarantine_id']}").get_json() for i in items]


def test_bad_input_31_a_newer_body_and_a_newer_enum_are_held_whole_and_applied_by_a_replay(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers)
    work = CompletedWorkLine("test", "kl/1", "P1", 2022, Money(700), date(2022, 5, 31))
    carried = facts.plan(90, base=PlanBase.CARRY_OVER, carried_from_year=2021)
    sent = {
        topics.DISBURSEMENT: codec.encode_batch([work], recorded_at=RECORDED_AT),
        topics.PLAN: codec.encode_batch([carried], recorded_at=RECORDED_AT),
    }
    with older_version(monkeypatch), running(settings) as aggregation:
        for topic, value in sent.items():
            aggregation.publisher.publish(topic, [Record("P1", value)])
        aggregation.settle()
        cases = held(aggregation)
        assert {case["reason"] for case in cases} == {"not-understood"}
        assert {case["detail"] for case in cases} == {
            "the event states no fact of this version",
            "PlanBase 4 is not of this version",
        }
        for case in cases:
            assert base64.b64decode(case["payload_base64"]) in sent[case["topic"]]
        # The same version refuses it again.
        for case in cases:
            aggregation.client.post(f"/v1/quarantine/{case['quarantine_id']}/replay")
        aggregation.settle()
        assert [case["times_refused"] for case in held(aggregation)] == [2, 2]

    with running(settings) as aggregation:
        aggregation.publish(facts.plan(1_000))
        for case in held(aggregation):
            aggregation.client.post(f"/v1/quarantine/{case['quarantine_id']}/replay")
        aggregation.settle()
        assert held(aggregation) == []
        project = aggregation.client.get("/v1/projects/P1?as_of=2022-07-31").get_json()
        assert project["completed_work"]["value"] == 700
        assert project["project"]["figures"]["carry_over_plan"] == 90


def test_bad_input_31_a_field_of_a_newer_schema_is_held_whole(database_url: str, broker: Broker) -> None:
    """A newer sender's content hash covers a field that this version does not know."""

    def with_channel(file: descriptor_pb2.FileDescriptorProto) -> None:
        for message in file.message_type:
            if message.name == "Movement":
                field = message.field.add(name="payment_channel", number=40)
                field.type = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
                field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL

    newer = message_of(version(with_channel), "DisbursementBatch")()
    newer.MergeFromString(codec.encode_batch([facts.movement("1", 300)], recorded_at=RECORDED_AT))
    newer.events[0].movement.payment_channel = "TABMIS-2"
    newer.events[0].header.content_hash = event_identity.content_hash({"a newer": "set of fields"})

    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", newer.SerializeToString())])
        aggregation.settle()
        (case,) = held(aggregation)
        assert case["reason"] == "content-hash-mismatch"
        assert b"TABMIS-2" in base64.b64decode(case["payload_base64"])
        aggregation.client.post(f"/v1/quarantine/{case['quarantine_id']}/replay")
        aggregation.settle()
        log = aggregation.rows("SELECT value FROM aggregation.case_record")
        assert bytes(log[0][0]) == newer.SerializeToString()
