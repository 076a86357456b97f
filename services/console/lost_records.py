"""``giaingan skip-lost`` and ``lost-ranges``: records that the log lost before they were applied."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import psycopg2
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.console.bilingual import bilingual
from services.console.operators import operator_here
from services.runtime import config, lost_records, postgres
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from services.runtime.lost_records import LostRange, NotLostError, ToldRange
from services.runtime.positions import Positions

_SCHEMA = click.option("--schema", type=click.Choice(["aggregation", "alert"]), required=True)


@bilingual("skip-lost")
@_SCHEMA
@click.option("--topic", required=True)
@click.option("--partition", type=click.IntRange(min=0), required=True)
@click.option(
    "--to",
    type=click.IntRange(min=1),
    required=True,
    help="Nơi nhật ký còn bắt đầu / where the log begins now, as the service that stopped says it.",
)
@click.option("--reason", required=True, help="Vì sao; ghi vào sổ kiểm tra / why; kept in the audit.")
def skip_lost(*, schema: str, topic: str, partition: int, to: int, reason: str) -> None:
    """Bỏ qua bản ghi nhật ký đã mất / pass over records that the log lost before they were applied.

    Chỉ bỏ qua đúng đoạn đã mất; còn trong nhật ký thì từ chối. Người gửi phải gửi lại; gửi hai lần vẫn tính
    một lần. / Exactly what is lost is passed over, never what is still in the log. Have the senders send it
    again: what is sent twice counts once.
    """
    if not reason.strip():
        raise click.BadParameter("để trống / is blank", param_hint="--reason")
    try:
        lost = _skip(
            config.load(), schema=schema, topic=topic, partition=partition, to=to, reason=reason.strip()
        )
    except ValidationError as error:
        raise click.ClickException(f"thiết lập / settings: {config.faults(error)}") from error
    except NotLostError as error:
        raise click.ClickException(str(error)) from error
    except (BrokerUnavailableError, StopServiceError) as error:
        raise click.ClickException(f"nhật ký / the log: {error}") from error
    except psycopg2.Error as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    count = lost.next_offset - lost.from_offset
    click.echo(
        f"{schema}: bỏ qua {count} offset, {lost.place}; đọc tiếp từ {to} / "
        f"passed over {count} offsets; reads on from {to}."
    )


def _skip(
    settings: config.Settings, *, schema: str, topic: str, partition: int, to: int, reason: str
) -> LostRange:
    admin = Admin(settings, client_id="giaingan-skip-lost")
    try:
        identity = admin.identity(topic)
        if identity is None or partition >= identity.partitions:
            raise NotLostError(f"{topic}/{partition}: broker không có / does not exist on the broker")
        bounds = admin.bounds(topic, partition)
    finally:
        admin.close()
    connection = postgres.connect(settings.database_url.get_secret_value(), application="giaingan-skip-lost")
    try:
        with postgres.transaction(connection) as cursor:
            return lost_records.skip(
                cursor,
                Positions(schema),
                topic=topic,
                partition=partition,
                identity=identity,
                bounds=bounds,
                to=to,
                reason=reason,
                operator=operator_here(),
                now=datetime.now(UTC),
            )
    finally:
        connection.close()


@bilingual("lost-ranges")
@_SCHEMA
def lost_ranges(*, schema: str) -> None:
    """Liệt kê đoạn đã bỏ qua / list what was passed over with skip-lost, as the audit and the chain tell it.

    Kết thúc bằng mã 1 nếu lời trong sổ kiểm tra không khớp chuỗi khối. / Ends with 1 where the words in the
    audit are not those that the chain of blocks holds.
    """
    try:
        connection = postgres.connect(
            config.load().database_url.get_secret_value(), application="giaingan-lost-ranges"
        )
        try:
            with postgres.transaction(connection) as cursor:
                told = lost_records.ranges(cursor, schema)
        finally:
            connection.close()
    except ValidationError as error:
        raise click.ClickException(f"thiết lập / settings: {config.faults(error)}") from error
    except (StopServiceError, psycopg2.Error) as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    _print(told)
    if not all(one.is_in_chain for one in told):
        raise click.ClickException("không khớp chuỗi khối / not as the chain of blocks has it")


def _print(told: list[ToldRange]) -> None:
    if not told:
        click.echo("Chưa bỏ qua gì / nothing was passed over.")
        return
    table = Table("đoạn / range", "lúc / at", "ai / who", "lý do / reason", "chuỗi khối / chain")
    for one in told:
        state = "khớp / as said" if one.is_in_chain else "KHÔNG KHỚP / DIFFERS"
        table.add_row(one.lost.place, one.lost.said_at[:16], one.lost.operator, one.lost.reason, state)
    Console(markup=False, highlight=False, width=max(160, Console().width)).print(table)
