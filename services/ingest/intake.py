"""A submission's whole way: tell new from known, publish, journal, give the receipt.

202 means that the broker acknowledged every event and the journal holds it. Anything else means that
sending the same request again is right: event ids make it harmless. The events are gone through once for each
step, in slices; none of the steps holds them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from uuid import UUID, uuid4

from services.contracts import topics
from services.ingest import receipts
from services.ingest.idempotency import Claim
from services.ingest.judging import judges, register_store, reversals, reversed_movements
from services.ingest.judging.judges import Judges
from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.judging.reversed_movements import Reversing
from services.ingest.log import journal
from services.ingest.log import writer as log_writer
from services.ingest.log.placements import Placements
from services.ingest.log.record_packing import Entry
from services.ingest.log.topic_watch import TopicWatch
from services.ingest.receipts import MOST_EVENT_IDS, Receipt
from services.ingest.slices import slices
from services.ingest.standings import Standing, Standings
from services.ingest.submission import Submission
from services.runtime import logs, metrics
from services.runtime.access import Caller, audit
from services.runtime.clock import Clock
from services.runtime.errors import FieldError, ProblemError
from services.runtime.kafka_client import BrokerUnavailableError, Publisher
from services.runtime.postgres import CONNECTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)
_RETRY_AFTER_SECONDS = 2
_PUBLISHED_AT_ONCE = 20_000
_SHOWN = 20
_SHOWN_SOURCES = 5


@dataclass(frozen=True, slots=True)
class _Known:
    """What the journal says of a request: of its events and reversals, and what to warn of."""

    standings: Standings
    claimed: list[NamedReversal]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in one submission at a time in each thread that calls it."""

    pool: Pool
    publisher: Publisher
    watch: TopicWatch
    clock: Clock
    judges: Judges
    # How long a reversal holds its movement if its request dies.
    reversal_lease: timedelta

    def accept(self, submission: Submission, caller: Caller, *, claim: Claim | None = None) -> Receipt:
        """All events or none. Raises ``ProblemError``: 422 with every fault, 403 for facts outside the
        caller's unit or sources, 409 for what is reversed already, 503 with the event ids."""
        judges.refuse(submission.faults)
        entries = submission.entries
        with _fate_unknown(entries):
            known = self._find(submission, caller, claiming=True)
            # A conflicting event is published too: aggregation keeps the case for an officer.
            placements = self._publish(entries, known.standings)
            with self.pool.transaction() as cursor:
                self._record(cursor, submission, known, placements)
                receipt = self._receipt(submission, caller, known)
                self._keep_receipt(cursor, receipt, caller, claim)
        _tell(submission, receipt)
        return receipt

    def preview(self, submission: Submission, caller: Caller) -> Receipt:
        """What ``accept`` would answer now; nothing is published or kept. Raises as ``accept``."""
        judges.refuse(submission.faults)
        known = self._find(submission, caller, claiming=False)
        return self._receipt(submission, caller, known, is_dry_run=True)

    def look_up(self, standings: Standings, entries: Iterable[Entry]) -> None:
        """Ask the journal what becomes of the entries, in a short transaction each time: they may be long in
        coming.

        Two requests at once may both find an event new: it is then in the log twice, counts once, and is
        told as new by one of them alone (``_record``).
        """

        def known_contents(event_ids: list[UUID]) -> dict[UUID, set[bytes]]:
            with self.pool.transaction() as cursor:
                return journal.known_contents(cursor, event_ids)

        standings.find(entries, known_contents)

    def _find(self, submission: Submission, caller: Caller, *, claiming: bool) -> _Known:
        if (found := submission.standings) is None:
            self.look_up(found := Standings(), submission.entries)
        reversing = Reversing()
        if submission.named_reversals:
            with self.pool.transaction() as cursor:
                reversing = self._reversing(cursor, submission, found, caller)
                if taken := self._taken(cursor, reversing.fitting, claiming=claiming):
                    raise reversals.already_reversed(taken)
        of_file = submission.file.warnings if submission.file else ()
        warnings = [*of_file, *_conflict_warnings(found), *reversing.warnings()]
        return _Known(found, reversing.fitting, warnings)

    def _taken(self, cursor: Cursor, fitting: list[NamedReversal], *, claiming: bool) -> list[FieldError]:
        """A fault for each whose movement another reversal has."""
        if claiming:
            return reversals.claim(cursor, fitting, lease=self.reversal_lease)
        return reversals.reversed_by_others(cursor, fitting)

    def _reversing(
        self, cursor: Cursor, submission: Submission, found: Standings, caller: Caller
    ) -> Reversing:
        """The reversals of the request that are new, by what is known of their movements: one that was
        accepted before is a duplicate, one that conflicts waits for an officer. Raises ``ProblemError`` for
        what does not fit its movement."""
        named = submission.named_reversals
        accepted = {entry.event_id for entry in journal.entries_of(cursor, [n.reversal_id for n in named])}
        fresh = [each for each in named if each.reversal_id not in accepted | found.conflicting_ids]
        if twice := reversals.twice_in_one(fresh):
            raise reversals.already_reversed(twice)
        wanted = {each.reversed_id for each in fresh}
        sent = (entry for entry in submission.entries if entry.event_id in wanted)
        known = journal.entries_of(cursor, wanted)
        reversing = reversed_movements.sort_out(fresh, reversed_movements.stated_under(chain(known, sent)))
        judges.refuse(list(reversing.faults(self.judges.covering(cursor, reversing.projects, caller.unit))))
        return reversing

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

    def _record(self, cursor: Cursor, submission: Submission, known: _Known, placements: Placements) -> None:
        others = journal.add(cursor, placements.placed(submission.entries))
        if others:
            known.standings.take_back(submission.entries, others)
        if topics.PLAN in placements.topics:
            accepted = (
                entry for at, entry in enumerate(submission.entries) if known.standings[at] is Standing.NEW
            )
            register_store.learn_entries(cursor, accepted)
        reversals.accept(cursor, known.claimed)

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
        known: _Known,
        *,
        is_dry_run: bool = False,
    ) -> Receipt:
        file, counts = submission.file, known.standings.counts
        return Receipt(
            receipt_id=None if is_dry_run else uuid4(),
            profile=submission.profile,
            received_at=self.clock.now(),
            accepted_by=caller.name,
            unit=caller.unit.code,
            new=counts[Standing.NEW],
            duplicate=counts[Standing.DUPLICATE],
            conflicting=counts[Standing.CONFLICTING],
            event_ids=_listed_ids(submission.entries),
            totals=list(submission.totals),
            file_name=file.name if file else None,
            file_sha256=file.sha256 if file else None,
            rows_read=file.rows_read if file else None,
            dry_run=is_dry_run,
            warnings=known.warnings,
        )


def _listed_ids(entries: Collection[Entry]) -> list[UUID]:
    return [entry.event_id for entry in entries] if len(entries) <= MOST_EVENT_IDS else []


def _conflict_warnings(found: Standings) -> Iterator[str]:
    """A sender that reads only the status must not take what waits for a person as money that counts."""
    if count := len(found.conflicting_ids):
        shown = ", ".join(map(str, sorted(found.conflicting_ids)[:_SHOWN]))
        more = ", …" if count > _SHOWN else ""
        yield (
            f"{count} mục trùng tham chiếu với mục đã nhận trước nhưng khác nội dung: KHÔNG được tính cho "
            f"đến khi cán bộ quyết định / {count} item(s) have the reference of one accepted before and say "
            f"something else: NOT counted until an officer decides (GET /v1/conflicts): {shown}{more}"
        )


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
