"""Tells when everything that was acknowledged has been applied, told and judged."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from services.contracts import topics

# Who must have read what: the consumer groups of aggregation and alert.
_READERS = {
    "giaingan-aggregation": (topics.PLAN, topics.DISBURSEMENT),
    "giaingan-alert": (topics.PROGRESS,),
}
_PROGRESS_DUE = re.compile(r"^giaingan_progress_due\s+(\S+)$", re.MULTILINE)
_CHECK_SECONDS = 0.5
# Changes are gathered for a moment before they are told, so one quiet look is not enough.
_QUIET_LOOKS = 3


def wait_until_settled(
    *, bootstrap_servers: str, aggregation_url: str, token: str, timeout_seconds: float = 60
) -> None:
    """Wait until both consumers reached the end of their topics and no progress is due.

    Raises ``TimeoutError`` saying what is still behind.
    """
    deadline = time.monotonic() + timeout_seconds
    quiet_looks = 0
    while quiet_looks < _QUIET_LOOKS:
        behind = what_is_behind(
            bootstrap_servers=bootstrap_servers, aggregation_url=aggregation_url, token=token
        )
        quiet_looks = 0 if behind else quiet_looks + 1
        if behind and time.monotonic() > deadline:
            raise TimeoutError(f"after {timeout_seconds:.0f} s still behind: {behind}")
        time.sleep(_CHECK_SECONDS)


def what_is_behind(*, bootstrap_servers: str, aggregation_url: str, token: str) -> str:
    """What is not applied or told yet; empty where nothing is."""
    try:
        for group, names in _READERS.items():
            if behind := _unread(bootstrap_servers, group, names):
                return behind
        request = urllib.request.Request(  # noqa: S310
            f"{aggregation_url}/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            due = _PROGRESS_DUE.search(answer.read().decode())
    except (KafkaError, OSError) as error:
        return str(error) or repr(error)
    return f"progress of {due[1]} subjects is due" if due and float(due[1]) > 0 else ""


def _unread(bootstrap_servers: str, group: str, names: Iterable[str]) -> str:
    with _admin(bootstrap_servers) as admin:
        ends = _log_ends(admin, names)
        read: dict[TopicPartition, Any] = admin.list_group_offsets({group: list(ends)})[group]
    records = sum(max(0, end - _committed(read.get(tp))) for tp, end in ends.items())
    return f"{group} has {records} records to read" if records else ""


def records_in_log(bootstrap_servers: str, topic: str) -> int:
    """How many records the topic holds. Raises ``kafka.errors.KafkaError`` where it is not there."""
    with _admin(bootstrap_servers) as admin:
        return sum(_log_ends(admin, [topic]).values())


def _log_ends(admin: KafkaAdminClient, names: Iterable[str]) -> dict[TopicPartition, int]:
    described = admin.describe_topics(list(names))
    if missing := [topic["name"] for topic in described if not topic["partitions"]]:
        raise UnknownTopicOrPartitionError(f"not on the broker: {', '.join(missing)}")
    partitions = [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in described
        for partition in topic["partitions"]
    ]
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {tp: end.offset for tp, end in ends.items()}


def _committed(position: Any) -> int:
    """The committed offset; nothing committed is nothing read."""
    return max(0, position.offset) if position else 0


@contextmanager
def _admin(bootstrap_servers: str) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(
        bootstrap_servers=bootstrap_servers.split(","), bootstrap_timeout_ms=3_000, request_timeout_ms=5_000
    )
    try:
        yield admin
    finally:
        admin.close()
