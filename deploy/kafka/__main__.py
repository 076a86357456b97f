"""``make kafka``: three brokers of Apache Kafka on loopback until Ctrl-C, and forgetting what they kept."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import click

from deploy.embedded import state
from deploy.embedded.state import StackError, StateFolder
from deploy.kafka import jars
from deploy.kafka.cluster import KafkaCluster

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".kafka"),
    show_default=True,
    help="Where the jars and the brokers' logs are kept.",
)
_FIRST_PORT = 19_092
_MORE = """\
{count} brokers of Apache Kafka run, every record on {count} of them; logs are in {folder}.
In another shell:
  export KAFKA_BOOTSTRAP_SERVERS={servers}
  export GIAINGAN_TOPIC_REPLICATION={count}
  .venv/bin/giaingan run
Ctrl-C stops the brokers and keeps what they hold; make reset forgets it."""


@click.group()
def main() -> None:
    """Apache Kafka on this machine, to try the services against and for tests."""


@main.command()
@_FOLDER
@click.option("--port", default=_FIRST_PORT, show_default=True, help="Of the first broker; the next follow.")
def run(*, folder: Path, port: int) -> None:
    """Fetch the pinned jars where they are missing, and run the cluster until Ctrl-C."""
    held = StateFolder(_kept(folder))
    try:
        fetched = jars.ensure(folder / "jars")
        with held.held():
            for name in held.end_leftovers():
                click.echo(f"Ended {name}, left by a cluster that was killed")
            _run(KafkaCluster(held.path, jars=fetched, first_port=port), held)
    except (StackError, jars.JarsError, TimeoutError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"the folders were not formatted: {error.stderr.decode()}") from error


@main.command()
@_FOLDER
def reset(*, folder: Path) -> None:
    """Forget what the brokers hold; the jars stay."""
    try:
        was_there = state.delete(_kept(folder))
    except StackError as error:
        raise click.ClickException(str(error)) from error
    if was_there:
        click.echo(f"{_kept(folder)} deleted.")


def _kept(folder: Path) -> Path:
    return folder / "cluster"


def _run(cluster: KafkaCluster, held: StateFolder) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        cluster.start()
        held.record({broker.name: broker.pid for broker in cluster.brokers if broker.pid})
        click.echo(
            _MORE.format(count=len(cluster.brokers), folder=held.path, servers=cluster.bootstrap_servers)
        )
        while all(broker.is_running for broker in cluster.brokers):
            time.sleep(0.5)
        raise StackError(f"a broker ended by itself; the logs are in {held.path}")
    except KeyboardInterrupt:
        click.echo("Stopping")
    finally:
        cluster.stop()
        held.record({})


if __name__ == "__main__":
    main()
