"""A submission's whole way: tell new from known, publish, journal, give the receipt.

202 means that the broker acknowledged every event and the journal holds it. Anything else means that
sending the same request again is right: event ids make it harmless. The events are gone through once for each
step, in slices; none of the steps holds them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.contracts import topics
from services.ingest import journal, judges, log_writer, receipts, register_store, reversals
from services.ingest.idempotency import Claim
from services.ingest.judges import Judges
from services.ingest.placements import Placements
from services.ingest.receipts import MOST_EVENT_IDS, Receipt
from services.ingest.record_packing import Entry
from services.ingest.slices import slices
from services.ingest.standings import Standing, Standings
from services.ingest.submission import Submission
from services.ingest.topic_watch import TopicWatch
from services.runtime import logs, metrics
from services.runtime.access import Caller, audit
from services.runtime.clock import Clock
from services.runtime.errors import ProblemError
from services.runtime.kafka_client import BrokerUnavailableError, Publisher
from services.runtime.postgres import CONNECTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)
_RETRY_AFTER_SECONDS = 2
_PUBLISHED_AT_ONCE = 20_000
_SHOWN_HELD = 20
_SHOWN_SOURCES = 5


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in one submission at a time in each thread that calls it."""

    pool: Pool
    publisher: Publisher
    watch: TopicWatch
    clock: Clock
    judges: Judges

    def accept(self, submission: Submission, caller: Caller, *, claim: Claim | None = None) -> Receipt:
        """All events or none. Raises ``ProblemError``: 422 with every fault, 403 for facts outside the
        caller's unit, 409 for what is reversed already, 503 with the event ids."""
        self._refuse_faulty(submission)
        entries = submission.entries
        with _fate_unknown(entries):
            with self.pool.transaction() as cursor:
                found, warnings = self._find(cursor, submission, claiming=True)
            receipt = self._receipt(submission, caller, found, warnings)
            # A conflicting event is published too: aggregation keeps the case for an officer.
            placements = self._publish(entries, found)
            with self.pool.transaction() as cursor:
                self._record(cursor, submission, found, placements)
                self._keep_receipt(cursor, receipt, caller, claim)
        _tell(submission, receipt)
        return receipt

    def preview(self, submission: Submission, caller: Caller) -> Receipt:
        """What ``accept`` would answer now; nothing is published or kept. Raises as ``accept``."""
        self._refuse_faulty(submission)
        with self.pool.transaction() as cursor:
            found, warnings = self._find(cursor, submission, claiming=False)
        return self._receipt(submission, caller, found, warnings, is_dry_run=True)

    def _refuse_faulty(self, submission: Submission) -> None:
        judges.refuse(submission.faults)
        if twice := reversals.twice_in_one(submission.named_reversals):
            raise reversals.already_reversed(twice)

    def _find(self, cursor: Cursor, submission: Submission, *, claiming: bool) -> tuple[Standings, list[str]]:
        """Two requests at once may both find an event new: it is then in the log twice, and counts once."""
        found = Standings.of(cursor, submission.entries)
        named = self._effective_reversals(submission, found)
        taken = reversals.claim(cursor, named) if claiming else reversals.reversed_by_others(cursor, named)
        if taken:
            raise reversals.already_reversed(taken)
        unknown = [each for each in named if not found.states(each.reversed_id)]
        known = journal.known_contents(cursor, [each.reversed_id for each in unknown])
        held = [each for each in unknown if each.reversed_id not in known]
        return found, [*(submission.file.warnings if submission.file else ()), *_held_warnings(held)]

    @staticmethod
    def _effective_reversals(submission: Submission, found: Standings) -> list[reversals.NamedReversal]:
        """Those that take effect: one that conflicts waits for an officer."""
        return [each for each in submission.named_reversals if each.reversal_id not in found.conflicting_ids]

    def _publish(self, entries: Collection[Entry], found: Standings) -> Placements:
        placements = Placements()
        first = 0
        for some in slices(entries, _PUBLISHED_AT_ONCE):
            for topic, (numbers, fresh) in sorted(found.to_publish(first, some).items()):
                # Seen before publishing: see TopicWatch.
                topic_id = self.watch.topic_id(topic)
                written = log_writer.write(self.publisher, topic, topic_id, fresh)
                placements.add(numbers, written, topic=topic, topic_id=topic_id)
            first += len(some)
        return placements

    def _record(
        self, cursor: Cursor, submission: Submission, found: Standings, placements: Placements
    ) -> None:
        journal.add(cursor, placements.placed(submission.entries))
        if topics.PLAN in placements.topics:
            accepted = (entry for at, entry in enumerate(submission.entries) if found[at] is Standing.NEW)
            register_store.learn_entries(cursor, accepted)
        reversals.accept(cursor, self._effective_reversals(submission, found))

    def _keep_receipt(self, cursor: Cursor, receipt: Receipt, caller: Caller, claim: Claim | None) -> None:
        receipts.add(cursor, receipt)
        audit.accepted(
            cursor,
            caller,
            action="ingest.accept",
            target=f"imports/{receipt.receipt_id}",
            detail={
                "profile": receipt.profile,
                "new": receipt.new,
                "duplicate": receipt.duplicate,
                "conflicting": receipt.conflicting,
                "file_sha256": receipt.file_sha256,
            },
        )
        if claim:
            claim.answer(cursor, status=202, response=receipt.model_dump_json())

    def _receipt(
        self,
        submission: Submission,
        caller: Caller,
        found: Standings,
        warnings: list[str],
        *,
        is_dry_run: bool = False,
    ) -> Receipt:
        file = submission.file
        return Receipt(
            receipt_id=None if is_dry_run else uuid4(),
            profile=submission.profile,
            received_at=self.clock.now(),
            accepted_by=caller.name,
            unit=caller.unit.code,
            new=found.counts[Standing.NEW],
            duplicate=found.counts[Standing.DUPLICATE],
            conflicting=found.counts[Standing.CONFLICTING],
            event_ids=_listed_ids(submission.entries),
            totals=list(submission.totals),
            file_name=file.name if file else None,
            file_sha256=file.sha256 if file else None,
            rows_read=file.rows_read if file else None,
            dry_run=is_dry_run,
            warnings=warnings,
        )


def _listed_ids(entries: Collection[Entry]) -> list[UUID]:
    return [entry.event_id for entry in entries] if len(entries) <= MOST_EVENT_IDS else []


def _held_warnings(held: list[reversals.NamedReversal]) -> Iterator[str]:
    for each in held[:_SHOWN_HELD]:
        yield (
            f"{each.place}reverses_event_id: chưa nhận bút toán {each.reversed_id}; bút toán đảo được giữ "
            f"lại (held) đến khi có / the movement {each.reversed_id} was not accepted here; its reversal is "
            "held until it arrives"
        )
    more = len(held) - _SHOWN_HELD
    if more > 0:
        yield f"còn {more} bút toán đảo được giữ lại (held) / {more} more reversals are held"


_UNAVAILABLE = {"broker": "Hệ thống thông điệp (broker)", "database": "Cơ sở dữ liệu"}


@contextmanager
def _fate_unknown(entries: Collection[Entry]) -> Iterator[None]:
    """No acknowledgement is no "no": the sender gets the ids whose fate is open, to send them again."""
    try:
        yield
    except (BrokerUnavailableError, *CONNECTION_ERRORS) as error:
        part = "broker" if isinstance(error, BrokerUnavailableError) else "database"
        _log.warning("request not acknowledged", part=part, events=len(entries), error=str(error).strip())
        raise ProblemError(
            503,
            f"{part}-unavailable",
            f"{_UNAVAILABLE[part]} không trả lời / the {part} does not answer",
            "Chưa được ghi nhận: gửi lại nguyên yêu cầu này, không bị tính hai lần. / "
            "Not acknowledged: send the same request again, nothing counts twice.",
            event_ids=[str(event_id) for event_id in _listed_ids(entries)],
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        ) from error


def _tell(submission: Submission, receipt: Receipt) -> None:
    """One line and the counts; never the body."""
    for outcome in Standing:
        metrics.EVENTS_ACCEPTED.labels(outcome.value).inc(getattr(receipt, outcome.value))
    _log.info(
        "request accepted",
        profile=receipt.profile,
        receipt_id=str(receipt.receipt_id),
        accepted_by=receipt.accepted_by,
        sources=list(submission.sources)[:_SHOWN_SOURCES],
        new=receipt.new,
        duplicate=receipt.duplicate,
        conflicting=receipt.conflicting,
        file_sha256=receipt.file_sha256,
    )
