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

from services.cli_cases import conflict, quarantine
from services.cli_imports import import_file
from services.cli_tokens import TOKEN_FILE, sent_token, token
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
    help="Where the embedded servers keep their state.",
)
_INGEST_URL = click.option(
    "--url", default="http://127.0.0.1:8081", show_default=True, help="Where ingest answers."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="giaingan")
def main() -> None:
    """Follow public money: disbursements against the public-investment plan."""


main.add_command(token)
main.add_command(import_file)
main.add_command(quarantine)
main.add_command(conflict)


# --- services --------------------------------------------------------------------------------


def _service(name: str, help_text: str) -> None:
    def run_service() -> None:
        _settings()
        module = importlib.import_module(f"services.{name}.__main__")
        sys.exit(module.main())

    main.command(name, help=help_text)(run_service)


_service("ingest", "Run the ingest service: takes plans and disbursements in.")
_service("aggregation", "Run the aggregation service: ledger, balances, progress.")
_service("alert", "Run the alert service: judges progress, keeps alerts, gives feeds.")


# --- operator's tasks ------------------------------------------------------------------------


@main.command()
def topics() -> None:
    """Create the topics that are missing, and list them."""
    admin = Admin(_settings(), client_id="giaingan-topics")
    try:
        created = admin.create_topics()
    except (BrokerUnavailableError, StopServiceError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        admin.close()
    table = Table("topic", "partitions", "configuration", "")
    for topic in contract_topics.ALL:
        settings = "\n".join(f"{name}={value}" for name, value in topic.config.items())
        state = "created" if topic.name in created else "was there"
        table.add_row(topic.name, str(topic.partitions), settings, state)
    Console().print(table)


@main.command("adopt-log")
@click.option("--schema", type=click.Choice(["aggregation", "alert"]), required=True)
@click.option("--topic", type=click.Choice([topic.name for topic in contract_topics.ALL]), required=True)
def adopt_log(schema: str, topic: str) -> None:
    """Accept that a topic was re-created or moved to another cluster, and read it from its beginning.

    Event ids keep what is read again from counting twice.
    """
    settings = _settings()
    admin = Admin(settings, client_id="giaingan-adopt-log")
    try:
        identity = admin.identity(topic)
        if identity is None:
            raise click.ClickException(f"{topic} does not exist on the broker")
        connection = postgres.connect(
            settings.database_url.get_secret_value(), application="giaingan-adopt-log"
        )
        try:
            with postgres.transaction(connection) as cursor:
                Positions(schema).adopt(cursor, topic=topic, identity=identity)
        finally:
            connection.close()
    except BrokerUnavailableError as error:
        raise click.ClickException(str(error)) from error
    except psycopg2.Error as error:
        raise click.ClickException(f"the database: {str(error).strip()}") from error
    finally:
        admin.close()
    click.echo(
        f"{schema} reads {topic} of cluster {identity.cluster_id}, topic id {identity.topic_id}, "
        "from the beginning."
    )


# --- the embedded stack (deploy is imported by these only) -------------------------------------


@main.command()
@_STATE_DIR
@click.option("--ingest-port", default=8081, show_default=True, envvar="GIAINGAN_INGEST_PORT")
@click.option("--aggregation-port", default=8082, show_default=True, envvar="GIAINGAN_AGGREGATION_PORT")
@click.option("--alert-port", default=8083, show_default=True, envvar="GIAINGAN_ALERT_PORT")
@click.option("--no-sample", is_flag=True, help="Start without loading the 2022 sample.")
def run(
    *, state_dir: Path, ingest_port: int, aggregation_port: int, alert_port: int, no_sample: bool
) -> None:
    """Start the whole system on this machine and load the sample. Ctrl-C stops it.

    Uses DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS where they are set, and its own embedded
    PostgreSQL and broker where they are not.
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
    """Delete the state of the embedded stack; refused while it runs."""
    state = importlib.import_module("deploy.embedded.state")
    try:
        deleted = state.delete(state_dir)
    except state.StackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{state_dir} deleted." if deleted else f"There is no {state_dir}: nothing to delete.")


@main.command("load-sample")
@_INGEST_URL
@TOKEN_FILE
def load_sample(url: str, token_file: Path | None) -> None:
    """Send the 2022 sample to a running ingest."""
    loader = importlib.import_module("deploy.embedded.sample_loader")
    secret = sent_token(token_file)
    try:
        loader.load(ingest_url=url, token=secret, console=Console())
    except loader.SampleError as error:
        raise click.ClickException(str(error)) from error


def _settings() -> config.Settings:
    try:
        return config.load()
    except ValidationError as error:
        raise click.ClickException(f"settings (docs/SETTINGS.md): {config.faults(error)}") from error


if __name__ == "__main__":
    main()
