"""Reads and judges one file in a process of its own: ``python -m services.ingest.sheets.child``.

The job comes on standard input, the answer goes to standard output (``reading_job``); two inherited files
are named by number: the file to read and the spool that the events go to (``spool``). The parent sets
the limits before it hands over the job, so nothing a sender wrote is looked at without them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from services.contracts import codec, topics
from services.domain import validation
from services.domain.disbursement import Movement
from services.domain.validation import Fact
from services.ingest import known_funds
from services.ingest.sheets.reading_job import (
    EXIT_OUT_OF_MEMORY,
    EXIT_OUTPUT_TOO_LARGE,
    ReadingAnswer,
    ReadingJob,
    SourceTotal,
)
from services.ingest.sheets.sheet_rows import read_file
from services.ingest.sheets.spool import SpoolWriter
from services.ingest.stated_fact import StatedFact
from services.runtime.errors import FieldError, ProblemError
from services.runtime.fund_sources import FundSourceNames

SPOOLED_TOPICS = (topics.PLAN, topics.DISBURSEMENT)


def answer(job: ReadingJob, content: BinaryIO, spool: BinaryIO) -> ReadingAnswer:
    """Read the file, judge it, and write its events; what refuses the file as a whole is the problem."""
    try:
        return _read_and_judge(job, content, SpoolWriter(spool, topics=SPOOLED_TOPICS))
    except ProblemError as error:
        return ReadingAnswer(problem=error.problem)


def _read_and_judge(job: ReadingJob, content: BinaryIO, spool: SpoolWriter) -> ReadingAnswer:
    held = content.read()
    read = read_file(
        held,
        file_name=job.file_name,
        profile=job.kind,
        source=job.source,
        defaults=job.defaults,
        policy_dir=job.policy_dir,
        max_rows=job.max_rows,
    )
    stated = [
        StatedFact(item.fact(), f"{place}: ") for item, place in zip(read.items, read.places, strict=True)
    ]
    faults = [*read.errors, *_judged(stated, job)]
    sums: Counter[tuple[str, str]] = Counter()
    reversals = {}
    for each in [] if faults else stated:
        fact = each.fact
        spool.add(
            event_id=fact.event_id,
            content_hash=fact.content_hash,
            topic=topics.DISBURSEMENT if isinstance(fact, codec.DisbursementFact) else topics.PLAN,
            routing_key=codec.routing_key(fact),
            payload=codec.encode_batch([fact], recorded_at=job.recorded_at),
        )
        amount = getattr(fact, "amount", None) or getattr(fact, "cumulative", None)
        if amount is not None:
            sums[getattr(fact, "fund_source", ""), amount.currency] += amount.minor_units
        if isinstance(fact, Movement) and fact.reverses_event_id is not None:
            reversals[fact.reverses_event_id] = each.place
    return ReadingAnswer(
        sha256=hashlib.sha256(held).hexdigest(),
        rows_read=read.rows_read,
        events=0 if faults else len(stated),
        faults=faults,
        warnings=read.warnings,
        totals=[SourceTotal(*key, minor_units) for key, minor_units in sorted(sums.items())],
        named_reversals=reversals,
    )


def _judged(stated: list[StatedFact], job: ReadingJob) -> Iterator[FieldError]:
    yield from known_funds.unknown(stated, FundSourceNames.load(job.policy_dir))
    facts: list[Fact] = [each.fact for each in stated]
    found = [
        (index, rejection)
        for index, fact in enumerate(facts)
        for rejection in validation.check(fact, business_date=job.business_date)
    ]
    for index, rejection in [*found, *validation.contradictions(facts)]:
        yield FieldError(
            code=rejection.code,
            where=stated[index].place + rejection.field,
            read=rejection.read,
            detail=rejection.detail,
            mend=rejection.mend,
        )


def main(content_fd: int, spool_fd: int) -> int:
    """Do the job on standard input; the exit code says how it ended."""
    job = ReadingJob.model_validate_json(sys.stdin.buffer.read())
    try:
        with open(content_fd, "rb") as content, open(spool_fd, "wb") as spool:
            content.seek(0)
            found = answer(job, content, spool)
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
