"""Reads and judges one file in a process of its own: ``python -m services.ingest.sheets.child``.

The job comes on standard input, the answer goes to standard output (``reading_job``); two inherited files
are named by number: the file to read and the spool that the events go to (``spool``). The parent sets
the limits before it hands over the job, so nothing a sender wrote is looked at without them.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import sys
from typing import BinaryIO

from services.contracts import codec, topics
from services.domain.disbursement import Movement
from services.ingest.judging.judge import Judge
from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.judging.register import Register
from services.ingest.sheets.reading_job import (
    EXIT_OUT_OF_MEMORY,
    EXIT_OUTPUT_TOO_LARGE,
    ReadingAnswer,
    ReadingJob,
)
from services.ingest.sheets.row_items import FactOfRow
from services.ingest.sheets.sheet_rows import FileReading
from services.ingest.sheets.spool import SpoolWriter
from services.ingest.stated_totals import StatedTotals
from services.runtime.errors import ProblemError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.unit import Unit

_CHUNK_BYTES = 1 << 20


class FileJudging:
    """Reads one file, judges what it states, and writes its events while nothing is wrong."""

    def __init__(self, job: ReadingJob, spool: BinaryIO) -> None:
        self._job = job
        self._spool = SpoolWriter(spool)
        self._events = 0
        self._totals = StatedTotals()
        self._reversals: list[NamedReversal] = []

    def answer(self, content: BinaryIO) -> ReadingAnswer:
        """What was found; what refuses the file as a whole is the problem."""
        try:
            return self._read(content)
        except ProblemError as error:
            return ReadingAnswer(problem=error.problem)

    def _read(self, content: BinaryIO) -> ReadingAnswer:
        job = self._job
        reading = FileReading(
            content,
            file_name=job.file_name,
            profile=job.profile,
            source=job.source,
            defaults=job.defaults,
            policy_dir=job.policy_dir,
            max_rows=job.max_rows,
        )
        # Two contents under one reference are not judged: a reference twice in a file is a fault already.
        judge = Judge(
            Register(job.projects),
            FundSourceNames.load(job.policy_dir),
            job.business_date,
            Unit(job.unit),
            sources=job.sources,
        )
        findings = reading.findings
        for batch in reading.batches():
            stated = [FactOfRow(fact, stated=row) for row, fact in batch]
            if not findings.is_full:
                for each in stated:
                    for found in judge.faults_of(each):
                        findings.note(found)
            if not findings.is_faulty:
                self._keep(stated)
        faults = findings.faults
        return ReadingAnswer(
            sha256=_sha256(content),
            rows_read=reading.rows_read,
            events=0 if faults else self._events,
            faults=faults,
            warnings=findings.warnings,
            totals=self._totals.totals,
            named_reversals=self._reversals,
        )

    def _keep(self, stated: list[FactOfRow]) -> None:
        """Write the events to the spool. One step for all of them after the other: see ``batches``."""
        facts = [each.fact for each in stated]
        event_ids = [fact.event_id for fact in facts]
        content_hashes = [fact.content_hash for fact in facts]
        payloads = [
            codec.encode_identified(
                fact, event_id=event_id, content_hash=content_hash, recorded_at=self._job.recorded_at
            )
            for fact, event_id, content_hash in zip(facts, event_ids, content_hashes, strict=True)
        ]
        for fact, event_id, content_hash, payload in zip(
            facts, event_ids, content_hashes, payloads, strict=True
        ):
            self._spool.add(
                event_id=event_id,
                content_hash=content_hash,
                topic=topics.DISBURSEMENT if isinstance(fact, codec.DisbursementFact) else topics.PLAN,
                routing_key=codec.routing_key(fact),
                payload=payload,
            )
        self._events += len(facts)
        for each in stated:
            self._totals.add(each.fact)
            # Its place is made of words: only for what reverses something.
            if isinstance(each.fact, Movement) and each.fact.reverses_event_id is not None:
                self._reversals += filter(None, [NamedReversal.of(each.fact, place=each.place)])


def _sha256(content: BinaryIO) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def main(content_fd: int, spool_fd: int) -> int:
    """Do the job on standard input; the exit code says how it ended."""
    # What is made here for a row is gone with the row; to look for cycles among what stays takes longer than
    # to read the file.
    gc.disable()
    job = ReadingJob.model_validate_json(sys.stdin.buffer.read())
    try:
        with open(content_fd, "rb") as content, open(spool_fd, "wb") as spool:
            content.seek(0)
            found = FileJudging(job, spool).answer(content)
        sys.stdout.buffer.write(found.model_dump_json().encode())
        sys.stdout.buffer.flush()
    except MemoryError:
        return EXIT_OUT_OF_MEMORY
    except OSError as error:
        if error.errno == errno.EFBIG:
            return EXIT_OUTPUT_TOO_LARGE
        raise
    return 0


if __name__ == "__main__":
    # Not sys.exit(): what is left in memory needs no tidying, and could ask for memory that is not there.
    os._exit(main(int(sys.argv[1]), int(sys.argv[2])))
