"""A workbook's archive opened with every size bounded, and its XML read without entities."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers import expat

from services.runtime.errors import ProblemError

_CHUNK_BYTES = 1 << 16
_BYTES_PER_ROW = 2_000
_BYTES_BESIDE_ROWS = 32 * 1024 * 1024
_ENCRYPTED_FLAG = 0x1
_ZIP_BEGINNING = b"PK"

# What reading a damaged or dishonest archive raises.
_DAMAGE = (
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    KeyError,
    ValueError,
    StopIteration,
    OverflowError,
    EOFError,
    NotImplementedError,
)


@contextmanager
def opened(content: bytes, *, max_rows: int) -> Iterator[zipfile.ZipFile]:
    """The archive of an .xlsx workbook.

    Raises ``ProblemError``: 415 where it is no plain .xlsx workbook, 413 where it inflates beyond what
    ``max_rows`` rows can need, 400 where it is damaged.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _DAMAGE as error:
        if content.startswith(_ZIP_BEGINNING):
            raise _malformed(error) from error
        raise unsupported("the content is not a workbook (.xlsx)") from error
    with archive:
        _refuse_other_kinds(archive)
        try:
            _refuse_bomb(archive, content, _BYTES_BESIDE_ROWS + _BYTES_PER_ROW * max_rows)
            yield archive
        except _DAMAGE as error:
            raise _malformed(error) from error


def xml_parser() -> expat.XMLParserType:
    """A parser that refuses a document type, and with it every entity, by ``ValueError``."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def no_document_type(*_: object) -> None:
        raise ValueError("a document type is declared")

    parser.StartDoctypeDeclHandler = no_document_type
    return parser


def feed(archive: zipfile.ZipFile, member: str, parser: expat.XMLParserType) -> None:
    """Run a member through the parser, a piece at a time."""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def unsupported(reason: str) -> ProblemError:
    """415: a file of a kind that is not read."""
    return ProblemError(
        415,
        "unsupported-file",
        "This kind of file is not read",
        f"Chỉ nhận .xlsx không mã hóa, không macro, hoặc .csv UTF-8. / {reason}; "
        "send an .xlsx workbook without password and macros, or UTF-8 .csv.",
    )


def too_many_rows(found: str) -> ProblemError:
    """413: more rows than are read, or cells too far out."""
    return ProblemError(
        413,
        "too-many-rows",
        "The file has too many rows",
        f"Quá nhiều dòng hoặc ô ở quá xa ({found}); hãy chia nhỏ tệp, hoặc xóa ô thừa. / "
        f"Too many rows, or cells too far out ({found}); split the file, or clear stray cells.",
    )


def _malformed(error: Exception) -> ProblemError:
    return ProblemError(
        400,
        "malformed-workbook",
        "The workbook is damaged",
        f"Tệp hỏng ({error}); mở bằng Excel rồi lưu lại. / "
        f"Damaged ({error}); open it in Excel and save it again.",
    )


def _refuse_other_kinds(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in archive.infolist()):
        raise unsupported("the workbook is encrypted")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise unsupported("the workbook holds macros (.xlsm)")
    if "xl/workbook.xml" not in names:
        raise unsupported("the content is not a workbook (.xlsx)")


def _refuse_bomb(archive: zipfile.ZipFile, content: bytes, most_bytes: int) -> None:
    declared = sum(member.file_size for member in archive.infolist())
    if declared <= most_bytes and all(_keeps_its_word(member, content) for member in archive.infolist()):
        return
    raise ProblemError(
        413,
        "inflates-too-far",
        "The workbook is too large when unpacked",
        f"Giải nén thành hơn {most_bytes} byte, hoặc hơn mức tệp khai; hãy chia nhỏ tệp. / "
        f"It unpacks to more than {most_bytes} bytes, or to more than it declares; split the file.",
    )


def _keeps_its_word(member: zipfile.ZipInfo, content: bytes) -> bool:
    """Whether the member inflates to the size it declares: calamine does not stop there, zipfile does."""
    name_bytes, extra_bytes = struct.unpack_from("<HH", content, member.header_offset + 26)
    begin = member.header_offset + 30 + name_bytes + extra_bytes
    packed = content[begin : begin + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        return len(packed) == member.file_size
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = 0
    while packed and inflated <= member.file_size:
        inflated += len(inflater.decompress(packed, _CHUNK_BYTES))
        packed = inflater.unconsumed_tail
    return inflated <= member.file_size
