"""Runs one of our own modules on a file in a process that may do what it likes: it is bounded and killable.

The child has no database, no broker and no secret in its environment. It gets its job on standard input and
two files by number, and answers on standard output.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from services.ingest.sheets.reading_job import EXIT_OUT_OF_MEMORY, EXIT_OUTPUT_TOO_LARGE
from services.runtime import logs
from services.runtime.errors import ProblemError

_log = logs.get(__name__)

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


def run(module: str, *, content_fd: int, output_fd: int, job: bytes, limits: ReadingLimits) -> bytes:
    """What the module answered. Raises ``ProblemError``: 413 takes-too-long and needs-too-much-memory, 422
    reader-failed.
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complained:
        child = subprocess.Popen(
            [sys.executable, "-s", "-m", module, str(content_fd), str(output_fd)],
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=complained,
            pass_fds=(content_fd, output_fd),
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"},
            process_group=0,
        )
        try:
            _limit(child.pid, limits)
            child.communicate(job, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise _takes_too_long(limits) from None
        finally:
            _kill(child)
        complained.seek(0)
        said = complained.read(_SHOWN_STDERR_BYTES)
        _refuse_failure(child.returncode, said, limits)
        told.seek(0)
        return told.read()


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
    raise failed(exit_code, said)


def _takes_too_long(limits: ReadingLimits) -> ProblemError:
    return ProblemError(
        413,
        "takes-too-long",
        "Đọc tệp mất quá nhiều thời gian / the file takes too long to read",
        f"Đọc tệp quá {limits.seconds:g} giây; hãy chia nhỏ tệp, xóa trang và định dạng thừa. / "
        f"It could not be read within {limits.seconds:g} seconds; split the file, or remove stray sheets "
        "and formats.",
    )


def _needs_too_much_memory(limits: ReadingLimits) -> ProblemError:
    megabytes = limits.memory_bytes >> 20
    return ProblemError(
        413,
        "needs-too-much-memory",
        "Đọc tệp cần quá nhiều bộ nhớ / the file needs too much memory to read",
        f"Đọc tệp cần hơn {megabytes} MB bộ nhớ; hãy chia nhỏ tệp, xóa trang và định dạng thừa. / "
        f"It needs more than {megabytes} MB of memory; split the file, or remove stray sheets and formats.",
    )


def failed(exit_code: int, said: bytes) -> ProblemError:
    """The refusal of a file that made its reader fail; what was said goes to the log."""
    _log.error("file reader failed", exit_code=exit_code, stderr=said.decode(errors="replace"))
    return ProblemError(
        422,
        "reader-failed",
        "Không đọc được tệp / the file could not be read",
        "Trình đọc tệp bị dừng vì tệp này; mở bằng Excel rồi lưu lại thành .xlsx mới, hoặc gửi CSV. / "
        "The file made its reader fail; open it in Excel and save it as a new .xlsx, or send it as CSV.",
    )
