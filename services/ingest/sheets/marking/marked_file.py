"""A refused file back to its sender with its faults marked, made by a child process."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from services.ingest.sheets import child_process
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.file_reading import on_disk
from services.ingest.sheets.grid import HEAD_ROWS
from services.ingest.sheets.marking.marked_notes import MarkingJob
from services.runtime.errors import FieldError, ProblemError

_CHILD = "services.ingest.sheets.marking.marked_child"
# openpyxl needs so many bytes of memory for one of a sheet's XML, or of a CSV file (measured: 12 and 24), and
# two seconds for a megabyte of XML: beyond some size an officer would wait too long.
_MEMORY_OF_XML = 16
_MEMORY_OF_CSV = 32
_MOST_MEMORY = 256 << 20
_TOO_BIG = {"needs-too-much-memory", "takes-too-long"}


@contextmanager
def marked_in_child(
    content: BinaryIO,
    faults: Sequence[FieldError],
    *,
    file_name: str,
    max_rows: int,
    limits: ReadingLimits,
) -> Iterator[BinaryIO]:
    """The marked workbook, on disk while the block lasts; of a file that is too large, its faulty rows.

    Raises ``ProblemError`` as ``child_process.run`` does.
    """
    job = MarkingJob(
        file_name=file_name,
        max_rows=max_rows,
        header_rows=_header_rows(faults),
        only_faulty_rows=False,
        faults=list(faults),
    )
    with on_disk(content) as held, tempfile.TemporaryFile(prefix="giaingan-marked-") as marked:
        if _memory_needed(held) > min(limits.memory_bytes, _MOST_MEMORY):
            job = job.model_copy(update={"only_faulty_rows": True})
        try:
            _run(held, marked, job, limits)
        except ProblemError as error:
            if error.code not in _TOO_BIG or job.only_faulty_rows:
                raise
            _run(held, marked, job.model_copy(update={"only_faulty_rows": True}), limits)
        marked.seek(0)
        yield marked


def _run(content: BinaryIO, marked: BinaryIO, job: MarkingJob, limits: ReadingLimits) -> None:
    marked.seek(0)
    marked.truncate()
    child_process.run(
        _CHILD,
        content_fd=content.fileno(),
        output_fd=marked.fileno(),
        job=job.model_dump_json().encode(),
        limits=limits,
    )


def _memory_needed(content: BinaryIO) -> int:
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            return _MEMORY_OF_XML * sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return _MEMORY_OF_CSV * content.seek(0, 2)
    finally:
        content.seek(0)


def _header_rows(faults: Sequence[FieldError]) -> int:
    """How many rows from the top are kept where not all are: the titles and the header, up to a bound."""
    first = min((fault.row for fault in faults if fault.row is not None), default=HEAD_ROWS)
    return min(first, HEAD_ROWS)
