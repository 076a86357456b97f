"""The console command ``giaingan`` (giải ngân, disbursement): one service, the whole stack, or one task."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click
import psycopg2
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.console.backtesting import backtest_command
from services.console.bilingual import BilingualGroup
from services.console.conflicts import conflict
from services.console.connection import asks_a_service, sent_token, url_of
from services.console.explaining import explain
from services.console.exports import export_plan
from services.console.imports import import_file
from services.console.lost_records import lost_ranges, skip_lost
from services.console.migrations import migrate
from services.console.printing import plain_console
from services.console.quarantine import quarantine
from services.console.rebuilding import rebuild
from services.console.receipts import receipts
from services.console.tokens import token
from services.console.verification import verify
from services.console.webhooks import webhook
from services.contracts import topics as contract_topics
from services.runtime import config, postgres
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from services.runtime.positions import Positions

_STATE_DIR = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".giaingan"),
    show_default=True,
    envvar="GIAINGAN_STATE_DIR",
    help="Thư mục trạng thái / where the embedded servers keep their state.",
)


@click.group(cls=BilingualGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="giaingan", help="Xem phiên bản / show the version.")
def main() -> None:
    """Theo dõi giải ngân vốn đầu tư công / follow public money against the public-investment plan."""


for _command in (
    migrate,
    token,
    import_file,
    receipts,
    export_plan,
    explain,
    quarantine,
    conflict,
    webhook,
    verify,
    backtest_command,
    rebuild,
    skip_lost,
    lost_ranges,
):
    main.add_command(_command)


_BROKER = "broker Kafka / the broker"

# --- services --------------------------------------------------------------------------------


def _service(name: str, help_text: str) -> None:
    def run_service() -> None:
        _settings()
        module = importlib.import_module(f"services.{name}.__main__")
        sys.exit(module.main())

    main.command(name, help=help_text)(run_service)


_service("ingest", "Chạy dịch vụ tiếp nhận / run ingest: takes plans and disbursements in.")
_service("aggregation", "Chạy dịch vụ sổ, tổng hợp / run aggregation: ledger, balances, progress.")
_service("alert", "Chạy dịch vụ cảnh báo / run alert: judges progress, keeps alerts, gives feeds.")


# --- operator's tasks ------------------------------------------------------------------------


@main.command()
def topics() -> None:
    """Tạo các topic còn thiếu, liệt kê / create the topics that are missing, and list them."""
    admin = Admin(_settings(), client_id="giaingan-topics")
    try:
        created = admin.create_topics()
    except (BrokerUnavailableError, StopServiceError) as error:
        raise click.ClickException(f"{_BROKER}: {error}") from error
    finally:
        admin.close()
    table = Table("topic", "partitions", "cấu hình\nconfiguration", "")
    for topic in contract_topics.ALL:
        settings = "\n".join(f"{name}={value}" for name, value in topic.config.items())
        state = "mới tạo\ncreated" if topic.name in created else "đã có\nwas there"
        table.add_row(topic.name, str(topic.partitions), settings, state)
    Console().print(table)


@main.command("adopt-log")
@click.option("--schema", type=click.Choice(["aggregation", "alert"]), required=True)
@click.option("--topic", type=click.Choice([topic.name for topic in contract_topics.ALL]), required=True)
def adopt_log(schema: str, topic: str) -> None:
    """Nhận topic đã tạo lại, đọc từ đầu / accept a topic that was re-created, read it from its beginning.

    Đọc lại không tính hai lần / event ids keep what is read again from counting twice.
    """
    settings = _settings()
    admin = Admin(settings, client_id="giaingan-adopt-log")
    try:
        identity = admin.identity(topic)
        if identity is None:
            raise click.ClickException(f"{topic}: broker không có topic này / does not exist on the broker")
        connection = postgres.connect(
            settings.database_url.get_secret_value(), application="giaingan-adopt-log"
        )
        try:
            with postgres.transaction(connection) as cursor:
                Positions(schema).adopt(cursor, topic=topic, identity=identity)
        finally:
            connection.close()
    except BrokerUnavailableError as error:
        raise click.ClickException(f"{_BROKER}: {error}") from error
    except psycopg2.Error as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    finally:
        admin.close()
    click.echo(
        f"{schema}: đọc {topic} từ đầu / reads {topic} of cluster {identity.cluster_id}, "
        f"topic id {identity.topic_id}, from the beginning."
    )


# --- the embedded stack (deploy is imported by these only) -------------------------------------


@main.command()
@_STATE_DIR
@click.option("--ingest-port", default=8081, show_default=True, envvar="GIAINGAN_INGEST_PORT")
@click.option("--aggregation-port", default=8082, show_default=True, envvar="GIAINGAN_AGGREGATION_PORT")
@click.option("--alert-port", default=8083, show_default=True, envvar="GIAINGAN_ALERT_PORT")
@click.option("--no-sample", is_flag=True, help="Không nạp dữ liệu mẫu 2022 / start without the sample.")
def run(
    *, state_dir: Path, ingest_port: int, aggregation_port: int, alert_port: int, no_sample: bool
) -> None:
    """Chạy toàn hệ thống với dữ liệu mẫu / start the whole system with its sample; Ctrl-C stops it.

    Dùng DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS nếu có; không thì dùng PostgreSQL và broker kèm theo. / Uses
    them where they are set, its own embedded PostgreSQL and broker where they are not.
    """
    stack = importlib.import_module("deploy.embedded.stack")
    ports = {"ingest": ingest_port, "aggregation": aggregation_port, "alert": alert_port}
    try:
        code = stack.run(state_dir, ports=ports, with_sample=not no_sample)
    except stack.StackError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


@main.command()
@_STATE_DIR
def reset(state_dir: Path) -> None:
    """Xóa trạng thái của hệ thống / delete the state of the embedded stack; refused while it runs."""
    state = importlib.import_module("deploy.embedded.state")
    try:
        deleted = state.delete(state_dir)
    except state.StackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{state_dir}: đã xóa / deleted."
        if deleted
        else f"Không có {state_dir} / there is no {state_dir}: nothing to delete."
    )


@main.command("load-sample")
@asks_a_service
def load_sample(*, url: str | None, token_file: Path | None, wait: float) -> None:
    """Gửi dữ liệu mẫu 2022 / send the 2022 sample to a running ingest."""
    loader = importlib.import_module("deploy.embedded.sample_loader")
    secret = sent_token(token_file)
    try:
        loader.load(
            ingest_url=url or url_of("ingest"), token=secret, console=plain_console(), patience_seconds=wait
        )
    except loader.SampleError as error:
        raise click.ClickException(str(error)) from error


def _settings() -> config.Settings:
    try:
        return config.load()
    except ValidationError as error:
        raise click.ClickException(
            f"thiếu hoặc sai thiết lập / settings (docs/SETTINGS.md): {config.faults(error)}"
        ) from error


if __name__ == "__main__":
    main()
