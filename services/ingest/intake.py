"""A request's whole way: judge it, tell new from known, publish, journal, give the receipt.

202 means that the broker acknowledged every event and the journal holds it. Anything else means that
sending the same request again is right: event ids make it harmless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid4

from services.domain import validation
from services.ingest import journal, known_funds, log_writer, receipts
from services.ingest.journal import PlacedEntry
from services.ingest.receipts import Receipt
from services.ingest.record_packing import Entry
from services.ingest.stated_fact import StatedFact
from services.ingest.topic_watch import TopicWatch
from services.runtime import logs, metrics
from services.runtime.api import invalid
from services.runtime.clock import Clock
from services.runtime.errors import FieldError, ProblemError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import BrokerUnavailableError, Publisher
from services.runtime.postgres import CONNECTION_ERRORS, Pool

_log = logs.get(__name__)
_RETRY_AFTER_SECONDS = 2


class Standing(StrEnum):
    """What the journal says of an event."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"


@dataclass(frozen=True, slots=True)
class FileRead:
    """What the receipt tells of a file besides its facts."""

    name: str
    sha256: str
    rows: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """One request as it was read: its facts, and the faults found while reading it."""

    kind: str
    stated: Sequence[StatedFact]
    faults: Sequence[FieldError] = ()
    file: FileRead | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in one submission at a time in each thread that calls it."""

    pool: Pool
    publisher: Publisher
    watch: TopicWatch
    clock: Clock
    fund_sources: FundSourceNames

    def accept(self, submission: Submission) -> Receipt:
        """All events or none. Raises ``ProblemError``: 422 with every fault, 503 with the event ids."""
        self._refuse_faulty(submission)
        entries = self._entries(submission)
        with _fate_unknown(entries):
            found = self._standings(entries)
            receipt = self._receipt(submission, found, receipt_id=uuid4())
            # A conflicting event is published too: aggregation keeps the case for an officer.
            placed = self._publish(
                [entry for entry, standing in zip(entries, found, strict=True) if standing != "duplicate"]
            )
            self._record(placed, receipt)
        _tell(submission, receipt)
        return receipt

    def preview(self, submission: Submission) -> Receipt:
        """What ``accept`` would answer now; nothing is published or kept. Raises as ``accept``."""
        self._refuse_faulty(submission)
        found = self._standings(self._entries(submission))
        return self._receipt(submission, found, receipt_id=None)

    def faults(self, stated: Sequence[StatedFact]) -> list[FieldError]:
        """Every fault of facts that are sound field by field, at its place in the request."""
        return [
            *known_funds.unknown(stated, self.fund_sources),
            *faults(stated, business_date=self.clock.business_date()),
        ]

    def _refuse_faulty(self, submission: Submission) -> None:
        found = [*submission.faults, *self.faults(submission.stated)]
        if found:
            raise invalid(found)

    def _entries(self, submission: Submission) -> list[Entry]:
        now = self.clock.now()
        return [Entry.of(each.fact, recorded_at=now) for each in submission.stated]

    def _standings(self, entries: Sequence[Entry]) -> list[Standing]:
        """Two requests at once may both find an event new: it is then in the log twice, and counts once."""
        with self.pool.transaction() as cursor:
            known = journal.known_contents(cursor, {entry.event_id for entry in entries})
        return standings(entries, known)

    def _publish(self, entries: Sequence[Entry]) -> list[PlacedEntry]:
        placed: list[PlacedEntry] = []
        for topic in sorted({entry.topic for entry in entries}):
            # Seen before publishing: see TopicWatch.
            topic_id = self.watch.topic_id(topic)
            of_topic = [entry for entry in entries if entry.topic == topic]
            placed += log_writer.write(self.publisher, topic, topic_id, of_topic)
        # The journal keeps the order in which the events were sent, not that of the partitions.
        order = {(entry.event_id, entry.content_hash): number for number, entry in enumerate(entries)}
        return sorted(placed, key=lambda each: order[each.entry.event_id, each.entry.content_hash])

    def _record(self, placed: Sequence[PlacedEntry], receipt: Receipt) -> None:
        with self.pool.transaction() as cursor:
            journal.add(cursor, placed)
            receipts.add(cursor, receipt)

    def _receipt(
        self, submission: Submission, found: Sequence[Standing], *, receipt_id: UUID | None
    ) -> Receipt:
        counts = Counter(found)
        file = submission.file
        return Receipt(
            receipt_id=receipt_id,
            kind=submission.kind,
            received_at=self.clock.now(),
            new=counts[Standing.NEW],
            duplicate=counts[Standing.DUPLICATE],
            conflicting=counts[Standing.CONFLICTING],
            event_ids=[each.fact.event_id for each in submission.stated],
            totals=receipts.totals(each.fact for each in submission.stated),
            file_name=file.name if file else None,
            file_sha256=file.sha256 if file else None,
            rows_read=file.rows if file else None,
            dry_run=receipt_id is None,
            warnings=list(file.warnings) if file else [],
        )


def faults(stated: Sequence[StatedFact], *, business_date: date) -> Iterator[FieldError]:
    """Every fault that spans fields or facts, at its place in the request."""
    found = [
        (index, rejection)
        for index, each in enumerate(stated)
        for rejection in validation.check(each.fact, business_date=business_date)
    ]
    found += validation.contradictions([each.fact for each in stated])
    for index, rejection in found:
        yield FieldError(
            code=rejection.code,
            where=stated[index].place + rejection.field,
            read=rejection.read,
            detail=rejection.detail,
            mend=rejection.mend,
        )


def standings(entries: Sequence[Entry], known: Mapping[UUID, set[bytes]]) -> list[Standing]:
    """New, duplicate or conflicting, for each; the second of two equal ones is a duplicate."""
    seen = {event_id: set(contents) for event_id, contents in known.items()}
    found = []
    for entry in entries:
        contents = seen.setdefault(entry.event_id, set())
        if entry.content_hash in contents:
            found.append(Standing.DUPLICATE)
        else:
            found.append(Standing.CONFLICTING if contents else Standing.NEW)
        contents.add(entry.content_hash)
    return found


@contextmanager
def _fate_unknown(entries: Sequence[Entry]) -> Iterator[None]:
    """No acknowledgement is no "no": the sender gets the ids whose fate is open, to send them again."""
    try:
        yield
    except (BrokerUnavailableError, *CONNECTION_ERRORS) as error:
        part = "broker" if isinstance(error, BrokerUnavailableError) else "database"
        _log.warning("request not acknowledged", part=part, events=len(entries), error=str(error).strip())
        raise ProblemError(
            503,
            f"{part}-unavailable",
            f"The {part} does not answer",
            "Chưa được ghi nhận: gửi lại nguyên yêu cầu này, không bị tính hai lần. / "
            "Not acknowledged: send the same request again, nothing counts twice.",
            event_ids=[str(entry.event_id) for entry in entries],
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        ) from error


def _tell(submission: Submission, receipt: Receipt) -> None:
    """One line and the counts; never the body."""
    for outcome in Standing:
        metrics.EVENTS_ACCEPTED.labels(outcome.value).inc(getattr(receipt, outcome.value))
    _log.info(
        "request accepted",
        kind=receipt.kind,
        receipt_id=str(receipt.receipt_id),
        sources=sorted({each.fact.source for each in submission.stated})[:5],
        new=receipt.new,
        duplicate=receipt.duplicate,
        conflicting=receipt.conflicting,
        file_sha256=receipt.file_sha256,
    )
