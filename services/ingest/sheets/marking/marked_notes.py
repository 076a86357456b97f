"""What is written into a file that goes back to its sender: the note at a cell, the sheet of all faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from services.contracts.stated.cell_text import neutralised
from services.runtime.errors import FieldError

FAULT_SHEET = "Lỗi - Faults"
AUTHOR = "giaingan"
# A colour of our own, so that marks of an earlier round are known again; never the only sign: notes say why.
FAULT_COLOUR = "FFF8B4AE"
FAULT_HEADS = (
    "STT / No", "Trang / Sheet", "Ô / Cell", "Đọc được / Read", "Lỗi / Fault", "Cách sửa / How to mend it",
    "Mã / Code",
)  # fmt: skip
FAULT_WIDTHS = (10, 18, 12, 26, 60, 60, 24)
WHOLE = (
    "Tệp bị từ chối: chưa ghi nhận dòng nào. Sửa các ô tô màu (lý do ở ghi chú của ô) rồi gửi lại. / "
    "The file was refused: no row was taken in. Mend the coloured cells (the note of each says why) and "
    "send it again."
)
ONLY_FAULTY_ROWS = (
    "Tệp quá lớn để trả lại cả tệp: ở đây chỉ có các dòng đầu và các dòng có lỗi, cột A là số dòng trong "
    "tệp gốc. Sửa trong tệp gốc rồi gửi lại. / The file is too large to be sent back whole: here are its "
    "first and its faulty rows only, column A is the row number in the original. Mend the original and "
    "send it again."
)
_LONGEST_NOTE = 1_500
_MOST_FAULTS_IN_A_NOTE = 5
# What XML 1.0, and so a workbook, cannot hold.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class MarkingJob(BaseModel):
    """What the process that marks a file is asked: JSON, as for reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_name: str
    max_rows: int
    header_rows: int
    only_faulty_rows: bool
    faults: list[FieldError]


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """A place in the file with everything that is wrong there. Without a column it is the row."""

    sheet: str
    row: int
    column: str | None
    faults: tuple[FieldError, ...]

    @property
    def note(self) -> str:
        """Code, detail and remedy of each fault, in both languages."""
        shown = self.faults[:_MOST_FAULTS_IN_A_NOTE]
        parts = [f"{fault.code}\n{fault.detail}\n→ {fault.mend}" for fault in shown]
        return text("\n\n".join(parts))[:_LONGEST_NOTE]


def cells(faults: Iterable[FieldError]) -> list[MarkedCell]:
    """The places that are marked, each once, in the order of the faults."""
    found: dict[tuple[str, int, str | None], list[FieldError]] = {}
    for fault in faults:
        if fault.row is not None:
            found.setdefault((fault.sheet or "", fault.row, fault.column), []).append(fault)
    return [MarkedCell(*place, tuple(wrong)) for place, wrong in found.items()]


def fault_row(number: int, fault: FieldError) -> tuple[str, ...]:
    """One row of the sheet of faults, under ``FAULT_HEADS``."""
    place = f"{fault.column or ''}{fault.row or ''}"
    return tuple(
        text(value)
        for value in (
            str(number),
            fault.sheet or "",
            place if fault.column else f"dòng / row {place}" if place else fault.where,
            fault.read,
            fault.detail,
            fault.mend,
            fault.code,
        )
    )


def text(value: str) -> str:
    """A text of others as a workbook may hold it: no formula, nothing that XML forbids."""
    return neutralised(_NOT_IN_XML.sub("\ufffd", value))


def link(sheet: str, cell: str) -> str:
    """The place inside a workbook that a link leads to."""
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{cell}"
