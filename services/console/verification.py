"""``giaingan verify``: whether the books are right, by whoever may read them, and the head kept outside."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import psycopg2
from pydantic import ValidationError

from services.console.bilingual import bilingual
from services.console.connection import database_url
from services.console.printing import amount, minute, plain_console
from services.runtime import config, logs
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import BrokerUnavailableError
from services.verify import head as heads
from services.verify import verification
from services.verify.faults import BlockPlace, Fault, Verdict

# Of the first bad block, so many rows are printed; --json has the first 500 of each table.
_ROWS_SHOWN = 20
_FILE = click.Path(path_type=Path, dir_okay=False)
_NOTES = {
    "schemas-missing": "Chưa có lược đồ / these schemas were never made, and not verified: {missing}",
    "log-not-asked": "Chưa đối chiếu với nhật ký Kafka / the positions were not compared with Kafka's log",
    "old-blocks": (
        "Có {old_blocks} khối của phiên bản trước: chỉ kiểm được chuỗi khối, không kiểm được từng dòng / "
        "{old_blocks} blocks are of the version before: their chain was checked, not their rows"
    ),
    "passed-over": (
        "Có {passed_over} đoạn bản ghi bị mất đã được bỏ qua theo lệnh: giaingan lost-ranges / "
        "{passed_over} ranges of lost records were passed over by an operator: giaingan lost-ranges"
    ),
}


class NotDoneError(click.ClickException):
    """It could not be verified: that says nothing of the books."""

    exit_code = 2


@bilingual("verify")
@click.option("--json", "as_json", is_flag=True, help="In JSON / print JSON.")
@click.option("--no-log", is_flag=True, help="Không đối chiếu với Kafka / do not ask the broker.")
@click.option("--head", "kept", type=_FILE, help="Bản đối chứng đã giữ / a head that was kept outside.")
@click.option("--write-head", type=_FILE, help="Ghi bản đối chứng mới, có ký / keep a new head, signed.")
@click.option("--key", type=_FILE, help="Khóa của bản đối chứng / the key that heads are signed with.")
@click.option("--make-key", type=_FILE, help="Tạo một khóa rồi thôi / make a key, and nothing else.")
def verify(
    *,
    as_json: bool,
    no_log: bool,
    kept: Path | None,
    write_head: Path | None,
    key: Path | None,
    make_key: Path | None,
) -> None:
    """Kiểm tra sổ: chuỗi khối, từng dòng, số dư, bút toán đảo / verify the books: chain, rows, balances.

    Chỉ đọc, chạy được bằng tài khoản giaingan_auditor. Mã kết thúc: 0 sổ đúng, 1 có sai lệch, 2 không kiểm
    tra được. / Only reads, with the rights of giaingan_auditor. Exit code: 0 the books are right, 1 they are
    not, 2 it could not be verified. docs/VERIFY.md
    """
    logs.configure("ERROR", "console")
    started = time.monotonic()
    with _said():
        if make_key:
            heads.make_key(make_key)
            click.echo(
                f"{make_key}: đã tạo khóa, hãy cất ngoài cơ sở dữ liệu / key made; keep it off the database"
            )
            return
        if (kept or write_head) and not key:
            raise click.UsageError("--head, --write-head cần --key / --head and --write-head need --key")
        secret = heads.read_key(key) if key else b""
        asked = verification.Asked(
            database_url=_database_url(),
            settings=None if no_log else _broker(),
            kept=heads.read(kept, secret) if kept else None,
            takes_head=write_head is not None,
        )
        answer = _verify(asked)
        if write_head and answer.head:
            heads.write(write_head, answer.head, secret)
    verdict = answer.verdict
    if as_json:
        told = _as_json(verdict, time.monotonic() - started)
        told["head_written"] = str(write_head) if write_head and answer.head else None
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(verdict, time.monotonic() - started)
        if write_head:
            _print_head(write_head, is_written=answer.head is not None)
    sys.exit(1 if verdict.faults else 0)


@contextmanager
def _said() -> Iterator[None]:
    """What keeps it from being done, in words, with the exit code for it."""
    try:
        yield
    except heads.HeadError as error:
        raise NotDoneError(str(error)) from error
    except (psycopg2.Error, StopServiceError) as error:
        raise NotDoneError(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    except BrokerUnavailableError as error:
        raise NotDoneError(
            "không hỏi được broker; kiểm tra riêng cơ sở dữ liệu bằng --no-log / the broker does not answer, "
            f"--no-log leaves it out: {error}"
        ) from error
    except click.ClickException:
        raise
    except KeyboardInterrupt as error:
        # click would end with 1, which says that the books are wrong.
        raise NotDoneError(
            "bị ngắt giữa chừng, chưa kiểm tra xong / interrupted before it was done"
        ) from error
    except Exception as error:
        # Its own exit code would say that the books are wrong.
        traceback.print_exc()
        raise NotDoneError(f"lỗi của chương trình / a fault of the program: {error!r}") from error


def _database_url() -> str:
    try:
        return database_url()
    except click.ClickException as error:
        raise NotDoneError(error.message) from error


def _broker() -> config.Settings | None:
    """Whom to ask of the logs; ``None`` for a broker that forgets, whose log says nothing of the books."""
    try:
        settings = config.load()
    except ValidationError as error:
        raise NotDoneError(
            "thiếu thiết lập của broker; kiểm tra riêng cơ sở dữ liệu bằng --no-log / settings of the broker "
            f"are missing, --no-log leaves it out (docs/SETTINGS.md): {config.faults(error)}"
        ) from error
    return None if settings.ephemeral_broker else settings


def _verify(asked: verification.Asked) -> verification.Answer:
    steps = verification.steps(asked)
    with click.progressbar(
        length=len(steps), label="Kiểm tra / verifying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        return verification.verify(asked, on_step=lambda: bar.update(1))


# --- what is said ------------------------------------------------------------------------------------


def _print(verdict: Verdict, seconds: float) -> None:
    console = plain_console()
    blocks, rows = (amount(verdict.counted[name]) for name in ("blocks", "rows"))
    console.print(
        f"Đã kiểm tra {rows} dòng, {blocks} khối, {seconds:.1f} giây / "
        f"{rows} rows and {blocks} blocks verified in {seconds:.1f} s",
        soft_wrap=True,
    )
    for note in verdict.notes:
        told = {"missing": ", ".join(verdict.missing_schemas), **verdict.counted}
        console.print(_NOTES[note].format(**told), soft_wrap=True)
    if not verdict.faults:
        console.print("Sổ đúng / the books are right")
        return
    console.print(f"CÓ SAI LỆCH: {len(verdict.faults)} / FAULTS FOUND: {len(verdict.faults)}")
    if block := verdict.first_bad_block:
        _print_block(block, verdict.rows)
    for fault in verdict.faults:
        place = f" ({_place(fault.block)})" if fault.block else ""
        for text in fault.texts:
            console.print(f"[{fault.code}] {text}{place}", soft_wrap=True)


def _print_block(block: BlockPlace, rows: list[dict[str, Any]]) -> None:
    console = plain_console()
    console.print(f"Khối sai đầu tiên / first bad block: {_place(block)}", soft_wrap=True)
    console.print(f"  ghi sổ lúc / applied at {minute(block.applied_at)}", soft_wrap=True)
    for row in rows[:_ROWS_SHOWN]:
        shown = (str(row[name]) for name in _SHOWN if row.get(name) is not None)
        console.print(f"  {row['book']}: {', '.join(shown)}", soft_wrap=True)
    if len(rows) > _ROWS_SHOWN:
        console.print(f"  … {len(rows) - _ROWS_SHOWN} dòng nữa / more rows: --json")


def _place(block: BlockPlace) -> str:
    return (
        f"{block.schema}, {block.topic}/{block.partition}, offset {block.from_offset}–{block.next_offset - 1}"
    )


def _print_head(path: Path, *, is_written: bool) -> None:
    plain_console().print(
        f"{path}: đã ghi, hãy cất ngoài cơ sở dữ liệu / written; keep it off the database"
        if is_written
        else f"{path}: không ghi, vì sổ có sai lệch / not written: the books have faults",
        soft_wrap=True,
    )


def _as_json(verdict: Verdict, seconds: float) -> dict[str, Any]:
    block = verdict.first_bad_block
    return {
        "is_right": not verdict.faults,
        "first_bad_block": _block_json(block) if block else None,
        "rows_of_first_bad_block": verdict.rows,
        "faults": [_fault_json(fault) for fault in verdict.faults],
        "checked": verdict.counted,
        "notes": verdict.notes,
        "schemas_missing": verdict.missing_schemas,
        "seconds": round(seconds, 1),
    }


def _fault_json(fault: Fault) -> dict[str, Any]:
    vietnamese, english = fault.texts
    return {
        "code": fault.code,
        "block": _block_json(fault.block) if fault.block else None,
        "found": {name: _plain(value) for name, value in fault.found.items()},
        "detail_vi": vietnamese,
        "detail_en": english,
    }


def _block_json(block: BlockPlace) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(block).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, int | str | None):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


# What tells a row of the books to a person.
_SHOWN = (
    "event_id",
    "source",
    "source_ref",
    "project_code",
    "owner_code",
    "kind",
    "base",
    "amount",
    "cumulative",
    "value_date",
    "as_of",
    "effective_date",
)
