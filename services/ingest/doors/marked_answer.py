"""A refused file as the answer to its sender: the sender's own workbook, its faulty cells marked."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from flask import Response, g, request

from services.ingest.doors.import_form import SentFile
from services.ingest.doors.profiles_api import XLSX
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.marking.marked_file import marked_in_child
from services.runtime.config import Settings
from services.runtime.errors import ProblemError


def is_wanted() -> bool:
    """Whether the request names workbooks among what it accepts; ``*/*`` does not."""
    return any(media_type == XLSX and quality > 0 for media_type, quality in request.accept_mimetypes)


def of(sent: SentFile, refusal: ProblemError, settings: Settings) -> Response:
    """The marked workbook with the status of the refusal. Raises ``ProblemError`` where it cannot be made."""
    limits = ReadingLimits(seconds=settings.import_seconds, memory_bytes=settings.import_memory_mb << 20)
    with marked_in_child(
        sent.content,
        refusal.problem.errors,
        file_name=sent.form.file_name,
        max_rows=settings.max_import_rows,
        limits=limits,
    ) as marked:
        content = marked.read()
    # What is written of refusals goes by the code, whatever the answer looks like.
    g.giaingan_code = refusal.code
    name = quote(f"{PurePath(sent.form.file_name).stem}-loi.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, refusal.problem.status, content_type=XLSX, headers=headers)
