"""A workbook's archive opened with every size bounded, and its XML read without entities."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.parsers import expat

from services.runtime.errors import ProblemError

_CHUNK_BYTES = 1 << 16
_BYTES_PER_ROW = 2_000
_BYTES_BESIDE_ROWS = 32 * 1024 * 1024
_LOCAL_HEADER_BYTES = 30
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


class Archive:
    """The members of a workbook, inflated a piece at a time; every byte counts as it comes out.

    The reader of the values does not stop where a member says that it ends, so a member that goes on is
    refused, and so are all together beyond ``most_bytes``.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO, *, most_bytes: int) -> None:
        self._archive = archive
        self._stream = stream
        self._most_bytes = most_bytes
        self._inflated: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return self._archive.namelist()

    def pieces(self, member: str) -> Iterator[bytes]:
        """The member's bytes. Raises ``ProblemError`` 413 beyond what is taken; see ``opened`` for damage."""
        info = self._archive.getinfo(member)
        before = sum(bytes_ for name, bytes_ in self._inflated.items() if name != member)
        inflated, checksum = 0, 0
        for piece in self._unpacked(info):
            inflated += len(piece)
            if inflated > info.file_size or before + inflated > self._most_bytes:
                raise _inflates_too_far(self._most_bytes)
            checksum = zlib.crc32(piece, checksum)
            yield piece
        if inflated < info.file_size or checksum != info.CRC:
            raise zipfile.BadZipFile(f"{member} is cut off or damaged")
        self._inflated[member] = inflated

    def count_the_rest(self) -> None:
        """Inflate what nobody has looked at, only to count it. Raises as ``pieces``."""
        for member in self.names:
            if member not in self._inflated:
                for _ in self.pieces(member):
                    pass

    def _unpacked(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if info.compress_type == zipfile.ZIP_STORED:
            yield from self._packed(info)
            return
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise zipfile.BadZipFile(f"compression {info.compress_type}")
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for packed in self._packed(info):
            rest = packed
            while rest and not inflater.eof:
                yield inflater.decompress(rest, _CHUNK_BYTES)
                rest = inflater.unconsumed_tail
        yield inflater.flush()

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        self._stream.seek(info.header_offset)
        name_bytes, extra_bytes = struct.unpack_from("<HH", self._stream.read(_LOCAL_HEADER_BYTES), 26)
        begin = info.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
        end = begin + info.compress_size
        while begin < end:
            self._stream.seek(begin)
            packed = self._stream.read(min(_CHUNK_BYTES, end - begin))
            if not packed:
                return
            begin += len(packed)
            yield packed


@contextmanager
def opened(stream: BinaryIO, *, max_rows: int) -> Iterator[Archive]:
    """The archive of an .xlsx workbook.

    Raises ``ProblemError``: 415 where it is no plain .xlsx workbook, 413 where it inflates beyond what
    ``max_rows`` rows can need, 400 where it is damaged.
    """
    stream.seek(0)
    beginning = stream.read(len(_ZIP_BEGINNING))
    try:
        archive = zipfile.ZipFile(stream)
    except _DAMAGE as error:
        if beginning == _ZIP_BEGINNING:
            raise _malformed(error) from error
        raise _no_workbook() from error
    with archive:
        _refuse_other_kinds(archive)
        most_bytes = _BYTES_BESIDE_ROWS + _BYTES_PER_ROW * max_rows
        if sum(member.file_size for member in archive.infolist()) > most_bytes:
            raise _inflates_too_far(most_bytes)
        try:
            if len(set(archive.namelist())) < len(archive.namelist()):
                raise ValueError("two members have one name")
            yield Archive(archive, stream, most_bytes=most_bytes)
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


def unsupported(vietnamese: str, english: str) -> ProblemError:
    """415: a file of a kind that is not read, with what it is."""
    return ProblemError(
        415,
        "unsupported-file",
        "Không nhận loại tệp này / this kind of file is not read",
        f"{vietnamese}; hãy gửi .xlsx không mật khẩu, không macro, hoặc .csv UTF-8. / {english}; "
        "send an .xlsx workbook without password and macros, or UTF-8 .csv.",
    )


def _no_workbook() -> ProblemError:
    return unsupported("Nội dung không phải tệp Excel (.xlsx)", "the content is not a workbook (.xlsx)")


def too_many_rows(found: str) -> ProblemError:
    """413: more rows than are read, or cells too far out."""
    return ProblemError(
        413,
        "too-many-rows",
        "Tệp có quá nhiều dòng / the file has too many rows",
        f"Quá nhiều dòng hoặc ô ở quá xa ({found}); hãy chia nhỏ tệp, hoặc xóa ô thừa. / "
        f"Too many rows, or cells too far out ({found}); split the file, or clear stray cells.",
    )


def _malformed(error: Exception) -> ProblemError:
    return ProblemError(
        400,
        "malformed-workbook",
        "Tệp Excel bị hỏng / the workbook is damaged",
        "Tệp bị cắt cụt hoặc hỏng bên trong; mở bằng Excel rồi lưu lại. / "
        f"Damaged ({error}); open it in Excel and save it again.",
    )


def _refuse_other_kinds(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in archive.infolist()):
        raise unsupported("Tệp Excel có mật khẩu", "the workbook is encrypted")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise unsupported("Tệp Excel có macro (.xlsm)", "the workbook holds macros (.xlsm)")
    if "xl/workbook.xml" not in names:
        raise _no_workbook()


def _inflates_too_far(most_bytes: int) -> ProblemError:
    return ProblemError(
        413,
        "inflates-too-far",
        "Tệp quá lớn khi giải nén / the workbook is too large when unpacked",
        f"Giải nén thành hơn {most_bytes} byte, hoặc hơn mức tệp khai; hãy chia nhỏ tệp. / "
        f"It unpacks to more than {most_bytes} bytes, or to more than it declares; split the file.",
    )
