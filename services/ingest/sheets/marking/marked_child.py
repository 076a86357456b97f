"""Marks one file in a process of its own: ``python -m services.ingest.sheets.marking.marked_child``.

The job comes on standard input (``MarkingJob``); two inherited files are named by number: the file as it was
sent and the one to write. ``child_process`` sets the limits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO

from services.ingest.sheets import csv_reader, excel_reader
from services.ingest.sheets.grid import Grid
from services.ingest.sheets.marking import marked_rows
from services.ingest.sheets.marking.marked_notes import MarkingJob
from services.ingest.sheets.reading_job import EXIT_OUT_OF_MEMORY

_ZIP_MAGIC = b"PK\x03\x04"


def mark(content: BinaryIO, marked: BinaryIO, job: MarkingJob) -> None:
    """Write the marked workbook."""
    if job.only_faulty_rows:
        marked_rows.write(_grids(content, job), marked, job)
        return
    # openpyxl takes long to load, and the other way does without.
    from services.ingest.sheets.marking import marked_workbook  # noqa: PLC0415

    if _is_csv(content, job):
        marked_workbook.mark_grid(_csv(content, job), marked, job)
    else:
        content.seek(0)
        marked_workbook.mark_workbook(content, marked, job)


def _grids(content: BinaryIO, job: MarkingJob) -> Iterator[Grid]:
    """One sheet after the other: the one before is gone when the next is read."""
    if _is_csv(content, job):
        yield _csv(content, job)
    else:
        yield from _sheets(content, job)


def _is_csv(content: BinaryIO, job: MarkingJob) -> bool:
    content.seek(0)
    is_archive = content.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
    return PurePath(job.file_name).suffix.lower() != ".xlsx" and not is_archive


def _csv(content: BinaryIO, job: MarkingJob) -> Grid:
    # The delimiter that gives the most cells: which header words there are does not matter here.
    return csv_reader.read(content, max_rows=job.max_rows, header_score=_most_cells)


def _most_cells(grid: Grid) -> int:
    return sum(len(row) for row in grid.rows)


def _sheets(content: BinaryIO, job: MarkingJob) -> Iterator[Grid]:
    return excel_reader.read(content, file_name=job.file_name, max_rows=job.max_rows)


def main(content_fd: int, marked_fd: int) -> int:
    """Do the job on standard input; the exit code says how it ended."""
    job = MarkingJob.model_validate_json(sys.stdin.buffer.read())
    try:
        with open(content_fd, "rb") as content, open(marked_fd, "w+b") as marked:
            mark(content, marked, job)
    except MemoryError:
        return EXIT_OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    os._exit(main(int(sys.argv[1]), int(sys.argv[2])))
