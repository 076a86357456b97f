"""Bytes that are held for a person: what can be read of them, and as a record to publish again."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from services.contracts import codec, topics
from services.contracts.gen.giaingan.v1 import disbursement_pb2, plan_pb2

_EVENTS: dict[str, type[Message]] = {
    topics.PLAN: plan_pb2.PlanEvent,
    topics.DISBURSEMENT: disbursement_pb2.DisbursementEvent,
}
_BATCHES: dict[str, type[Message]] = {
    topics.PLAN: plan_pb2.PlanBatch,
    topics.DISBURSEMENT: disbursement_pb2.DisbursementBatch,
}
# Field 1 (events) of a batch, length-delimited (Protocol Buffers, "Encoding").
_EVENTS_TAG = b"\x0a"
_SEVEN_BITS = 0x7F


def as_record(payload: bytes, *, is_record: bool) -> bytes:
    """The value of a record: the payload as it is, or an event alone as a batch of one, byte for byte."""
    if is_record:
        return payload
    return _EVENTS_TAG + _varint(len(payload)) + payload


def fact_of(topic: str, payload: bytes) -> codec.Fact | None:
    """What an event alone states, whether or not it may be applied; ``None`` where that cannot be read."""
    decode = codec.decode_plans if topic == topics.PLAN else codec.decode_disbursements
    try:
        (event,) = decode(as_record(payload, is_record=False))
    except ValueError:
        return None
    return event.fact


def message_of(topic: str, payload: bytes, *, is_record: bool) -> dict[str, Any] | None:
    """The bytes as the contract's message in its own JSON form, as far as this version knows its fields;
    ``None`` where they are no such message."""
    message = (_BATCHES if is_record else _EVENTS)[topic]()
    try:
        message.MergeFromString(payload)
    except DecodeError:
        return None
    read = MessageToDict(message, preserving_proto_field_name=True)
    return read or None


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > _SEVEN_BITS:
        written.append((number & _SEVEN_BITS) | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
