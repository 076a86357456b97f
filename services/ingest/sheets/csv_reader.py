"""A CSV file as a grid: its encoding and its delimiter found out, its rows read as they are needed."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

from services.ingest.sheets.grid import HEAD_ROWS, BrokenCell, Cell, Grid
from services.ingest.sheets.workbook_archive import too_many_rows
from services.runtime.errors import ProblemError

# Vietnamese Excel writes ";" because "," is its decimal mark.
_DELIMITERS = (";", "\t", ",")
# Title rows, totals and notes come on top of the rows that are counted.
_ROWS_BESIDE_ITEMS = 1_000
_CHUNK_BYTES = 1 << 16
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What "CSV" without "UTF-8" is in the Windows of a Vietnamese office: letters, then the tone marks.
_VIETNAMESE_CODE_PAGE = "cp1258"
_PLAIN_LETTERS = "aăâeêioôơuưyđ"
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VIETNAMESE = {
    form
    for letter in _PLAIN_LETTERS
    for tone in _TONES
    for form in (
        unicodedata.normalize("NFC", letter + tone),
        unicodedata.normalize("NFC", letter.upper() + tone),
    )
} | set("–—‘’“”…₫°²³½ \u00a0")
_FEWEST_HEADERS = 2

HeaderScore = Callable[[Grid], int]


def read(stream: BinaryIO, *, max_rows: int, header_score: HeaderScore) -> Grid:
    """The file's rows. ``header_score`` tells how many fields the best header row of a grid names.

    Raises ``ProblemError``: 400 not-utf8; while the rows are gone through, 413 too-many-rows.
    """
    encoding = _encoding(stream, header_score)
    delimiter = max(_DELIMITERS, key=lambda sign: header_score(_head(stream, encoding, sign)))
    most_rows = max_rows + _ROWS_BESIDE_ITEMS
    notes = (_OF_CODE_PAGE,) if encoding == _VIETNAMESE_CODE_PAGE else ()
    rows = _bounded(_rows(stream, encoding, delimiter), most_rows, max_rows)
    return Grid.of("", rows, notes=notes, delimiter=delimiter)


_OF_CODE_PAGE = (
    "tệp không phải UTF-8, đọc theo bảng mã Windows-1258; nên lưu CSV UTF-8 / not UTF-8, read in the Windows "
    "code page 1258; better save it as CSV UTF-8"
)


def _encoding(stream: BinaryIO, header_score: HeaderScore) -> str:
    stream.seek(0)
    start = stream.read(4)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None)
    encoding = marked or "utf-8"
    wrong_at = _first_wrong_byte(stream, encoding)
    if wrong_at is None:
        return encoding
    if marked is None and _is_vietnamese_code_page(stream, header_score):
        return _VIETNAMESE_CODE_PAGE
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    raise ProblemError(
        400,
        "not-utf8",
        "Tệp không phải văn bản UTF-8 / the file is not UTF-8 text",
        f"Byte {wrong_at + 1} không phải {name}. Trong Excel: Lưu dưới dạng, CSV UTF-8. / "
        f"Byte {wrong_at + 1} is not {name}. In Excel: Save As, CSV UTF-8.",
    )


def _first_wrong_byte(stream: BinaryIO, encoding: str) -> int | None:
    """Where the text of the stream breaks off, in bytes from its start; ``None`` where it is sound."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    begin = 0
    while True:
        held = len(decoder.getstate()[0])
        chunk = stream.read(_CHUNK_BYTES)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return begin - held + error.start
        if not chunk:
            return None
        begin += len(chunk)


def _is_vietnamese_code_page(stream: BinaryIO, header_score: HeaderScore) -> bool:
    """Whether the bytes make sense in code page 1258 and only there.

    Every letter must be a Vietnamese one once letters and marks are joined, and the headers must be found:
    text of another code page, or in an old Vietnamese font, comes out as other letters.
    """
    try:
        with _text_of(stream, _VIETNAMESE_CODE_PAGE) as text:
            for line in text:
                joined = unicodedata.normalize("NFC", line)
                if any(sign not in _VIETNAMESE for sign in joined if not sign.isascii()):
                    return False
    except UnicodeDecodeError:
        return False
    heads = (_head(stream, _VIETNAMESE_CODE_PAGE, sign) for sign in _DELIMITERS)
    return max(header_score(head) for head in heads) >= _FEWEST_HEADERS


@contextmanager
def _text_of(stream: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The stream from its start as text. The stream stays open: it belongs to the caller."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()


def _head(stream: BinaryIO, encoding: str, delimiter: str) -> Grid:
    return Grid("", list(islice(_rows(stream, encoding, delimiter), HEAD_ROWS)))


def _rows(stream: BinaryIO, encoding: str, delimiter: str) -> Iterator[list[Cell]]:
    with _text_of(stream, encoding) as text:
        try:
            yield from csv.reader(text, delimiter=delimiter, strict=True)
        except csv.Error as error:
            yield [BrokenCell("unreadable-row", str(error))]


def _bounded(rows: Iterator[list[Cell]], most_rows: int, max_rows: int) -> Iterator[list[Cell]]:
    yield from islice(rows, most_rows)
    if next(rows, None) is not None:
        raise too_many_rows(f"> {max_rows}")
