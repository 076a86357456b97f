"""Has a file read and judged by a child process (``child``, run by ``child_process``).

Its files have no name, so nothing is left behind however it, or this process, ends. What the child has
written so far is looked at while it works, so that both processes do.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.log.record_packing import Entry
from services.ingest.sheets import child_process, spool
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.reading_job import ReadingAnswer, ReadingJob
from services.ingest.stated_totals import Total
from services.runtime.errors import FieldError, Problem, ProblemError

_CHILD = "services.ingest.sheets.child"
_LOOKS_AGAIN_SECONDS = 0.02


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
        with _again_from_the_start(self._stream) as stream:
            for event in spool.read(stream.read):
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
def read_in_child(
    content: BinaryIO,
    job: ReadingJob,
    limits: ReadingLimits,
    *,
    meanwhile: Callable[[Iterable[Entry]], None] | None = None,
) -> Iterator[FileRead]:
    """The file as a child process read and judged it; its events are on disk while the block lasts.

    ``content`` is an uploaded file; one without a file on disk is copied to one. ``meanwhile`` goes through
    the events in a thread of its own while they are written: those of a file that is refused later, too.
    Raises ``ProblemError``: what ``read_file`` raises, 413 takes-too-long and needs-too-much-memory, 422
    reader-failed; then what ``meanwhile`` raises.
    """
    with tempfile.TemporaryFile(prefix="giaingan-spool-") as spooled, on_disk(content) as held:
        with _followed(spooled, meanwhile, recorded_at=job.recorded_at):
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
def _followed(
    spooled: BinaryIO, follow: Callable[[Iterable[Entry]], None] | None, *, recorded_at: datetime
) -> Iterator[None]:
    """Have the spool followed while the block writes it, to its end. What ``follow`` raised is raised after
    a block that raised nothing."""
    if follow is None:
        yield
        return
    ended = threading.Event()

    def entries() -> Iterator[Entry]:
        with _again_from_the_start(spooled) as stream:
            for event in spool.read(partial(_read_or_wait, stream, ended)):
                yield Entry(*event, recorded_at)

    with ThreadPoolExecutor(1, thread_name_prefix="spool") as thread:
        following = thread.submit(follow, entries())
        try:
            yield
        finally:
            ended.set()
    following.result()


def _read_or_wait(stream: BinaryIO, ended: threading.Event, size: int) -> bytes:
    """What was written, at most ``size`` bytes; nothing only when nobody writes any more."""
    while True:
        is_last = ended.is_set()
        if (found := stream.read(size)) or is_last:
            return found
        ended.wait(_LOOKS_AGAIN_SECONDS)


@contextmanager
def _again_from_the_start(file: BinaryIO) -> Iterator[BinaryIO]:
    """The same file with a place of its own in it."""
    with Path(f"/proc/self/fd/{file.fileno()}").open("rb", buffering=0) as stream:
        yield stream


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
