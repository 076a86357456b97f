"""``giaingan rebuild``: the books made again from the ledger or from the log, compared, put in place."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import psycopg2
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.console.bilingual import bilingual
from services.console.printing import plain_console
from services.runtime import config, logs
from services.runtime.errors import StopServiceError

EQUAL, DIFFERS, NOT_DONE = 0, 1, 2
_ROOM = "services.aggregation.rebuild"
_MOST_PRINTED = 50


@bilingual("rebuild")
@click.option(
    "--from",
    "source",
    type=click.Choice(["ledger", "kafka"]),
    help="Dựng lại từ đâu: số dư từ sổ cái, hay toàn bộ sổ từ Kafka. / What to rebuild from: sums from the "
    "ledger, or all books from Kafka.",
)
@click.option(
    "--swap", is_flag=True, help="Đưa bản dựng lại vào thay. / Put the rebuilt in place of the live books."
)
@click.option(
    "--drop-old", is_flag=True, help="Xóa sổ cũ giữ lại sau khi thay. / Drop the books kept by earlier swaps."
)
@click.option("--json", "as_json", is_flag=True, help="In JSON. / Print JSON.")
def rebuild(*, source: str | None, swap: bool, drop_old: bool, as_json: bool) -> None:
    """Dựng lại sổ bên cạnh sổ đang dùng, so sánh / make the books again beside the live ones, and compare.

    Các dịch vụ vẫn chạy. DATABASE_URL là của tài khoản thuộc giaingan_migrator. Mã thoát: 0 giống nhau hoặc
    đã thay, 1 khác nhau, 2 không làm được. / The services run on meanwhile. DATABASE_URL is that of a member
    of giaingan_migrator. Exit code: 0 equal or swapped, 1 differs, 2 could not be done. docs/REBUILD.md
    """
    logs.configure("ERROR", "rebuild")
    if (source is None) == (not drop_old) or (swap and source is None):
        raise click.UsageError(
            "cần --from ledger hoặc --from kafka, hoặc chỉ --drop-old / give --from ledger, --from kafka, or "
            "--drop-old alone"
        )
    with _said():
        if drop_old:
            _drop_old(as_json=as_json)
            return
        outcome = _from_ledger(swap=swap) if source == "ledger" else _from_kafka(swap=swap)
        (_print_json if as_json else _print)(outcome)
        sys.exit(EQUAL if outcome.is_swapped or not outcome.differences.count else DIFFERS)


@contextmanager
def _said() -> Iterator[None]:
    """What cannot be done ends the command with its code and in words."""
    error_type = importlib.import_module(f"{_ROOM}.outcome").RebuildError
    try:
        yield
    except (error_type, StopServiceError) as error:
        said = str(error) if " / " in str(error) else f"không làm được / {error}"
        _end(said)
    except psycopg2.Error as error:
        _end(f"cơ sở dữ liệu / the database: {str(error).strip()}")
    except Exception as error:
        # Its own exit code would say that the books differ.
        traceback.print_exc()
        _end(f"lỗi của chương trình / a fault of the program: {error!r}")


def _end(said: str) -> None:
    click.echo(f"Lỗi / Error: {said}", err=True)
    sys.exit(NOT_DONE)


def _database_url() -> str:
    url = os.environ.get("DATABASE_URL")
    if not url:
        _end("chưa đặt DATABASE_URL / DATABASE_URL is not set (docs/SETTINGS.md)")
    return url or ""


def _drop_old(*, as_json: bool) -> None:
    session = importlib.import_module(f"{_ROOM}.session")
    swapping = importlib.import_module(f"{_ROOM}.swap")
    with session.one_rebuild(_database_url()) as connection:
        names = swapping.drop_kept(connection)
    if as_json:
        click.echo(json.dumps({"dropped": names}))
    else:
        click.echo(
            f"Đã xóa / dropped: {', '.join(names)}"
            if names
            else "Không có sổ cũ / there are no books of before."
        )


def _from_ledger(*, swap: bool) -> Any:
    return importlib.import_module(f"{_ROOM}.from_ledger").rebuild(_database_url(), swap=swap)


def _from_kafka(*, swap: bool) -> Any:
    from_kafka = importlib.import_module(f"{_ROOM}.from_kafka")
    try:
        settings = config.load()
    except ValidationError as error:
        _end(f"thiếu hoặc sai thiết lập / settings (docs/SETTINGS.md): {config.faults(error)}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("đọc lại log, theo lô / batches of the log", total=None)
        heard = from_kafka.Heard(
            on_batches=lambda count: progress.update(task, total=count),
            on_batch=lambda _: progress.advance(task),
            on_table=lambda table: progress.update(task, description=f"so sánh / compare {table}"),
        )
        return from_kafka.rebuild(settings, to_swap=swap, heard=heard)


# --- what was found ----------------------------------------------------------------------------


def _print(outcome: Any) -> None:
    console = plain_console()
    differences = outcome.differences
    for each in differences.kept[:_MOST_PRINTED]:
        about = ", ".join(f"{name} {value}" for name, value in each.subject.items())
        console.print(f"{each.table}: {about}", markup=False, highlight=False)
        for label, values in (("đang dùng / live", each.live), ("dựng lại / rebuilt", each.rebuilt)):
            console.print(f"  {label}: {_values(values)}", markup=False, highlight=False)
    if differences.count > _MOST_PRINTED:
        console.print(f"… {differences.count - _MOST_PRINTED} nữa / more (--json)", markup=False)
    console.print(
        f"{outcome.rows} dòng sổ cái / rows of the ledger, {outcome.records} bản ghi / records of the log, "
        f"{outcome.seconds:.1f} s; khác nhau / differences: {differences.count}",
        markup=False,
        highlight=False,
    )
    if outcome.is_swapped:
        kept = f"; sổ cũ ở / the books of before are in {outcome.before}" if outcome.before else ""
        console.print(
            f"Đã thay / swapped: dịch vụ chờ / the services waited {outcome.swap_held_seconds:.2f} s{kept}",
            markup=False,
            highlight=False,
        )


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "không có / none"


def _print_json(outcome: Any) -> None:
    differences = outcome.differences
    click.echo(
        json.dumps(
            {
                "from": outcome.source,
                "differences": differences.count,
                "first_differences": [
                    {
                        "table": each.table,
                        "key": dict(each.key),
                        "subject": dict(each.subject),
                        "live": dict(each.live),
                        "rebuilt": dict(each.rebuilt),
                    }
                    for each in differences.kept
                ],
                "ledger_rows": outcome.rows,
                "records": outcome.records,
                "seconds": round(outcome.seconds, 3),
                "compare_held_seconds": round(outcome.compare_held_seconds, 3),
                "swap_held_seconds": round(outcome.swap_held_seconds, 3),
                "swapped": outcome.is_swapped,
                "kept_in": outcome.before,
            },
            ensure_ascii=False,
        )
    )
