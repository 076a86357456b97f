"""Has a file read and judged by a child process that may do what it likes: it is bounded and killable.

The child has no database, no broker and no secret in its environment. Its files have no name, so nothing is
left behind however it, or this process, ends.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from services.ingest.record_packing import Entry
from services.ingest.sheets import spool
from services.ingest.sheets.reading_job import (
    EXIT_OUT_OF_MEMORY,
    EXIT_OUTPUT_TOO_LARGE,
    NamedReversal,
    ReadingAnswer,
    ReadingJob,
)
from services.ingest.stated_totals import Total
from services.runtime import logs
from services.runtime.errors import FieldError, Problem, ProblemError

_log = logs.get(__name__)

_CHILD = "services.ingest.sheets.child"
_MOST_OUTPUT_BYTES = 1 << 30
_MOST_OPEN_FILES = 64
_SHOWN_STDERR_BYTES = 2_000
# What the allocator of a compiled reader says before it aborts.
_OUT_OF_MEMORY_WORDS = (
    b"memory allocation of",
    b"MemoryError",
    b"out of memory",
    b"Cannot allocate memory",
    b"failed to map segment",
)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What one child may use. CPU seconds are bounded by ``seconds`` too."""

    seconds: float = 60
    memory_bytes: int = 1 << 30


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
    with tempfile.TemporaryFile(prefix="giaingan-spool-") as spooled, _on_disk(content) as on_disk:
        found = _ask(on_disk.fileno(), spooled.fileno(), job, limits)
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
def _on_disk(content: BinaryIO) -> Iterator[BinaryIO]:
    """``content`` itself where it is a file, else a copy."""
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
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complained:
        child = subprocess.Popen(
            [sys.executable, "-s", "-m", _CHILD, str(content_fd), str(spool_fd)],
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=complained,
            pass_fds=(content_fd, spool_fd),
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"},
            process_group=0,
        )
        try:
            _limit(child.pid, limits)
            child.communicate(job.model_dump_json().encode(), timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise _takes_too_long(limits) from None
        finally:
            _kill(child)
        complained.seek(0)
        said = complained.read(_SHOWN_STDERR_BYTES)
        _refuse_failure(child.returncode, said, limits)
        told.seek(0)
        try:
            return ReadingAnswer.model_validate_json(told.read())
        except ValidationError as error:
            raise _failed(0, str(error).encode()) from error


def _limit(pid: int, limits: ReadingLimits) -> None:
    """The kernel's bounds on the child, before it is told what to read."""
    seconds = max(1, int(limits.seconds) + 1)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, _MOST_OUTPUT_BYTES),
        (resource.RLIMIT_NOFILE, _MOST_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        # A child that is gone already says so by its exit code.
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, (most, most))


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started; its place in the process table is given back."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _refuse_failure(exit_code: int, said: bytes, limits: ReadingLimits) -> None:
    """Raises ``ProblemError`` for whatever ended the child before it had answered."""
    if exit_code == 0:
        return
    if exit_code == -signal.SIGXCPU:
        raise _takes_too_long(limits)
    ran_out = exit_code in (EXIT_OUT_OF_MEMORY, EXIT_OUTPUT_TOO_LARGE, -signal.SIGKILL)
    if ran_out or any(words in said for words in _OUT_OF_MEMORY_WORDS):
        raise _needs_too_much_memory(limits)
    raise _failed(exit_code, said)


def _again(problem: Problem) -> ProblemError:
    """The child's refusal, to be answered by this process."""
    code = problem.type.rpartition(":")[2]
    return ProblemError(problem.status, code, problem.title, problem.detail, errors=problem.errors)


def _takes_too_long(limits: ReadingLimits) -> ProblemError:
    return ProblemError(
        413,
        "takes-too-long",
        "The file takes too long to read",
        f"Đọc tệp quá {limits.seconds:g} giây; hãy chia nhỏ tệp, xóa trang và định dạng thừa. / "
        f"It could not be read within {limits.seconds:g} seconds; split the file, or remove stray sheets "
        "and formats.",
    )


def _needs_too_much_memory(limits: ReadingLimits) -> ProblemError:
    megabytes = limits.memory_bytes >> 20
    return ProblemError(
        413,
        "needs-too-much-memory",
        "The file needs too much memory to read",
        f"Đọc tệp cần hơn {megabytes} MB bộ nhớ; hãy chia nhỏ tệp, xóa trang và định dạng thừa. / "
        f"It needs more than {megabytes} MB of memory; split the file, or remove stray sheets and formats.",
    )


def _failed(exit_code: int, said: bytes) -> ProblemError:
    _log.error("file reader failed", exit_code=exit_code, stderr=said.decode(errors="replace"))
    return ProblemError(
        422,
        "reader-failed",
        "The file could not be read",
        "Trình đọc tệp bị dừng vì tệp này; mở bằng Excel rồi lưu lại thành .xlsx mới, hoặc gửi CSV. / "
        "The file made its reader fail; open it in Excel and save it as a new .xlsx, or send it as CSV.",
    )
