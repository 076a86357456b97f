"""The head of the books, signed and kept outside the database: where every chain stood at a moment.

Who may write everything in the database may also write every chain anew, or cut its end off: the head is what
shows it. It is signed (HMAC-SHA256) under a key that is kept where nobody who writes the database reads it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql

from services.runtime.postgres import Cursor
from services.verify import chains, row_digests
from services.verify.faults import Fault
from services.verify.snapshot import rows

FORMAT = "giaingan-head/1"
_LEAST_KEY_BYTES = 32


class HeadError(Exception):
    """A head or key that cannot be used, in Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where each partition stood when the books were right; sums and counts are for people to read."""

    taken_at: str
    database: str
    # schema, topic, topic id, cluster id, partition, next_offset, chain_head (hexadecimal)
    partitions: list[dict[str, Any]]
    old_rows: int
    old_rows_digest: str
    rows: int
    disbursed: str


def take(cursor: Cursor, schemas: Iterable[str]) -> Head:
    """The head of the books as the snapshot sees them."""
    (found,) = rows(cursor, _TAKEN)
    old = row_digests.old_rows(cursor)
    partitions = [
        {**asdict(end), "chain_head": end.chain_head.hex()}
        for schema in schemas
        for end in chains.ends(cursor, schema)
    ]
    return Head(
        partitions=partitions,
        old_rows=old.count,
        old_rows_digest=old.digest.hex(),
        rows=row_digests.count(cursor),
        **found,
    )


def faults(cursor: Cursor, kept: Head) -> Iterator[Fault]:
    """Chains that no longer pass where the head stands, and rows of the version before that are others."""
    for at in kept.partitions:
        query = sql.SQL(_PASSES).format(schema=sql.Identifier(at["schema"]))
        (found,) = rows(cursor, query, {**at, "chain_head": bytes.fromhex(at["chain_head"])})
        if not found["passes"]:
            yield Fault("head-missing", {**at, "head_end": at["next_offset"], "position": found["position"]})
    now = row_digests.old_rows(cursor)
    if kept.old_rows and (now.count, now.digest.hex()) != (kept.old_rows, kept.old_rows_digest):
        yield Fault("old-rows-altered", {"rows_then": kept.old_rows, "rows_now": now.count})


# --- files -----------------------------------------------------------------------------------------


def make_key(path: Path) -> None:
    """A new key that its owner alone may read. Raises ``HeadError`` where there is something already."""
    _write_new(path, secrets.token_hex(_LEAST_KEY_BYTES).encode() + b"\n", mode=0o600)


def read_key(path: Path) -> bytes:
    """The key. Raises ``HeadError`` where others may read it, or it is too short."""
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            key = file.read().strip()
    except OSError as error:
        raise HeadError(_not_read(path, error)) from error
    if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o077:
        raise HeadError(
            f"{path}: người khác đọc được khóa này; hãy chạy chmod 600 / others may read this key: chmod 600"
        )
    if len(key) < _LEAST_KEY_BYTES:
        raise HeadError(
            f"{path}: khóa ngắn hơn {_LEAST_KEY_BYTES} byte; tạo khóa bằng --make-key / the key is shorter "
            f"than {_LEAST_KEY_BYTES} bytes: make one with --make-key"
        )
    return key


def write(path: Path, head: Head, key: bytes) -> None:
    """Sign and keep the head: whole or not at all, and over no other file. Raises ``HeadError``."""
    signed = {"format": FORMAT, "head": asdict(head), "hmac_sha256": _signature(asdict(head), key)}
    _write_new(path, json.dumps(signed, ensure_ascii=False, indent=2).encode() + b"\n", mode=0o644)


def read(path: Path, key: bytes) -> Head:
    """The head. Raises ``HeadError`` where it is none, or was signed under another key, or altered."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HeadError(_not_read(path, error)) from error
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        raise HeadError(f"{path}: không phải bản đối chứng {FORMAT} / is no head of the format {FORMAT}")
    if not hmac.compare_digest(str(kept.get("hmac_sha256")), _signature(kept.get("head"), key)):
        raise HeadError(
            f"{path}: chữ ký sai: tệp đã bị sửa hoặc ký bằng khóa khác / the signature is wrong: the file "
            "was altered, or signed under another key"
        )
    return Head(**kept["head"])


def _signature(head: Any, key: bytes) -> str:
    text = json.dumps([FORMAT, head], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Through a file beside it, which takes the name only when it is whole and the name is free."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        finally:
            beside.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise HeadError(
            f"{path}: đã có tệp này, không ghi đè / there is such a file already, and it is not written over"
        ) from error
    except OSError as error:
        raise HeadError(f"{path}: không ghi được / cannot be written: {error.strerror}") from error


def _not_read(path: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else error
    return f"{path}: không đọc được / cannot be read: {why}"


_TAKEN = """
SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS taken_at,
       current_database()::text AS database,
       coalesce((SELECT sum(disbursed) FROM aggregation.ledger), 0)::text AS disbursed
"""
_PASSES = """
SELECT %(next_offset)s = 0 OR EXISTS (
           SELECT FROM {schema}.block AS b
            WHERE b.topic_id = %(topic_id)s AND b.partition = %(partition)s
              AND b.next_offset = %(next_offset)s AND b.hash = %(chain_head)s) AS passes,
       (SELECT p.next_offset FROM {schema}.source_position AS p
         WHERE p.topic_id = %(topic_id)s AND p.partition = %(partition)s) AS position
"""
