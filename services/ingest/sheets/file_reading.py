"""Has a file read and judged by a child process (``child``, run by ``child_process``).

Its files have no name, so nothing is left behind however it, or this process, ends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from services.ingest.named_reversal import NamedReversal
from services.ingest.record_packing import Entry
from services.ingest.sheets import child_process, spool
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.reading_job import ReadingAnswer, ReadingJob
from services.ingest.stated_totals import Total
from services.runtime.errors import FieldError, Problem, ProblemError

_CHILD = "services.ingest.sheets.child"


class SpooledEntries(Collection[Entry]):
    """The events of a file, read from disk each time they are gone through; in the order of the file."""

    def __init__(self, stream: BinaryIO, *, count: int, recorded_at: datetime) -> None:
        self._stream = stream
        self._count = count
        self._recorded_at = recorded_at

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        # A place of its own in the file: two iterations at once do not disturb each other.
        with Path(f"/proc/self/fd/{self._stream.fileno()}").open("rb", buffering=0) as stream:
            for event in spool.read(stream):
                yield Entry(*event, self._recorded_at)

    def __contains__(self, entry: object) -> bool:
        return any(each == entry for each in self)


@dataclass(frozen=True, slots=True)
class FileRead:
    """What a file states. With any fault ``entries`` is empty: refuse the file as a whole.

    ``rows_read`` counts the rows that are items, faulty ones too.
    """

    name: str
    sha256: str
    rows_read: int
    entries: Collection[Entry]
    faults: tuple[FieldError, ...]
    warnings: tuple[str, ...]
    totals: tuple[Total, ...]
    named_reversals: tuple[NamedReversal, ...]


@contextmanager
def read_in_child(content: BinaryIO, job: ReadingJob, limits: ReadingLimits) -> Iterator[FileRead]:
    """The file as a child process read and judged it; its events are on disk while the block lasts.

    ``content`` is an uploaded file; one without a file on disk is copied to one. Raises ``ProblemError``:
    what ``read_file`` raises, 413 takes-too-long and needs-too-much-memory, 422 reader-failed.
    """
    with tempfile.TemporaryFile(prefix="giaingan-spool-") as spooled, on_disk(content) as held:
        found = _ask(held.fileno(), spooled.fileno(), job, limits)
        if found.problem is not None:
            raise _again(found.problem)
        yield FileRead(
            name=job.file_name,
            sha256=found.sha256,
            rows_read=found.rows_read,
            entries=SpooledEntries(spooled, count=found.events, recorded_at=job.recorded_at),
            faults=tuple(found.faults),
            warnings=tuple(found.warnings),
            totals=tuple(found.totals),
            named_reversals=tuple(found.named_reversals),
        )


@contextmanager
def on_disk(content: BinaryIO) -> Iterator[BinaryIO]:
    """``content`` itself where it is a file, else a copy of it on disk."""
    try:
        content.fileno()
    except (OSError, AttributeError):
        with tempfile.TemporaryFile(prefix="giaingan-upload-") as copy:
            content.seek(0)
            shutil.copyfileobj(content, copy)
            copy.flush()
            yield copy
    else:
        content.flush()
        yield content


def _ask(content_fd: int, spool_fd: int, job: ReadingJob, limits: ReadingLimits) -> ReadingAnswer:
    told = child_process.run(
        _CHILD,
        content_fd=content_fd,
        output_fd=spool_fd,
        job=job.model_dump_json().encode(),
        limits=limits,
    )
    try:
        return ReadingAnswer.model_validate_json(told)
    except ValidationError as error:
        raise child_process.failed(0, str(error).encode()) from error


def _again(problem: Problem) -> ProblemError:
    """The child's refusal, to be answered by this process."""
    code = problem.type.rpartition(":")[2]
    return ProblemError(problem.status, code, problem.title, problem.detail, errors=problem.errors)
