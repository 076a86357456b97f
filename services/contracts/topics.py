"""The topics: names, partitions, retention, and who writes and reads each. Created by the project."""

from __future__ import annotations

from dataclasses import dataclass, field

PLAN = "giaingan.plan.v1"
DISBURSEMENT = "giaingan.disbursement.v1"
PROGRESS = "giaingan.progress.v1"
ALERT = "giaingan.alert.v1"

# A record has the broker's time: one of a sender whose clock is an hour ahead would be refused otherwise, as
# Apache Kafka 4 does. What an event says of its own time is in its bytes.
_STAMPED = {"message.timestamp.type": "LogAppendTime"}
_FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", **_STAMPED}
_LATEST_BY_KEY = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1", **_STAMPED}
_ONE_YEAR = {"cleanup.policy": "delete", "retention.ms": str(365 * 24 * 3600 * 1000), **_STAMPED}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as the project creates it. ``partitions`` bounds how many processes share the work."""

    name: str
    partitions: int
    config: dict[str, str] = field(hash=False)


# Partition counts: twelve divides by 2, 3, 4 and 6 processes. Money and plans are kept forever, so
# that the ledger can be rebuilt from the log. Progress is state: the latest by subject is enough.
ALL = (
    Topic(PLAN, 12, _FOREVER),
    Topic(DISBURSEMENT, 12, _FOREVER),
    Topic(PROGRESS, 12, _LATEST_BY_KEY),
    Topic(ALERT, 12, _ONE_YEAR),
)
