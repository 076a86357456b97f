"""``giaingan webhook`` over real HTTP, with a real receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from services import cli
from services.runtime.access import Scope
from tests.support.access import make_token
from tests.support.alerting import Desk, eventually, migrated
from tests.support.webhook_desk import fail, project, sending
from tests.support.webhooks import SETTINGS, Receiver, Reply
from tests.support.webhooks import receiver as a_receiver


@dataclass(frozen=True, slots=True)
class Console:
    """The command with its service."""

    desk: Desk
    url: str
    token_file: Path

    def run(self, *arguments: str) -> Result:
        options = ["--url", self.url, "--token-file", str(self.token_file)]
        return CliRunner().invoke(cli.main, ["webhook", *arguments, *options])

    def output(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def console(database_url: str, tmp_path: Path) -> Iterator[Console]:
    migrated(database_url)
    desk = Desk(database_url)
    token_file = tmp_path / "token"
    token_file.write_text(make_token(database_url, Scope.ALERT_ACT, name="sở kế hoạch"))
    server = make_server("127.0.0.1", 0, desk.api(**SETTINGS).app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield Console(desk, f"http://127.0.0.1:{server.server_port}", token_file)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


def test_a_webhook_from_its_making_to_its_end(console: Console, receiver: Receiver) -> None:
    assert "no webhook" in console.output("list")
    secret = console.output(
        "create", receiver.url, "--description", "Sở KH&ĐT", "--rule", "behind_target"
    ).strip()
    (made,) = json.loads(console.output("list", "--json"))["items"]
    endpoint = made["endpoint_id"]
    listed = console.output("list")
    for text in (endpoint, receiver.url, "Sở KH&ĐT", "behind_target", "sở kế hoạch", "enabled"):
        assert text in listed
    assert secret not in listed
    with sending(console.desk):
        assert "delivered. HTTP 204" in console.output("test", endpoint)
        receiver.received[0].verified_by(secret)
        receiver.answering = fail
        failed = console.run("test", endpoint)
        assert (failed.exit_code, "given_up. HTTP 500 internal error" in failed.output) == (1, True)

        console.desk.judge(project())
        eventually(lambda: len(receiver.received) == 3)
        eventually(lambda: "HTTP 500" in console.output("log", endpoint, "--state", "pending"))
        (pending,) = json.loads(console.output("log", endpoint, "--state", "pending", "--json"))["items"]
        receiver.answering = lambda _: Reply()
        new = console.output("rotate-key", endpoint, "--overlap-hours", "0").strip()
        assert "pending" in console.output("redeliver", endpoint, pending["delivery_id"])
        eventually(lambda: console.output("log", endpoint, "--state", "pending").count("pending") == 0)
    assert receiver.ids[-1] == receiver.ids[-2]
    receiver.received[-1].verified_by(new)

    assert "by-officer" in console.output("disable", endpoint)
    assert "disabled" in console.run("test", endpoint).output
    assert "enabled" in console.output("enable", endpoint)
    console.output("delete", endpoint)
    assert "no webhook" in console.output("list")


def test_what_is_refused_is_told_in_both_languages(console: Console) -> None:
    refused = console.run("create", "https://10.0.0.1/")
    assert refused.exit_code == 1
    for text in ("webhook-address", "nội bộ", "private or reserved"):
        assert text in refused.output
    unknown = console.run("log", str(uuid4()))
    assert (unknown.exit_code, "Không có webhook nào" in unknown.output) == (1, True)


def test_every_command_says_what_it_does() -> None:
    for name in ("create", "list", "test", "log", "redeliver", "rotate-key", "disable", "enable", "delete"):
        told = CliRunner().invoke(cli.main, ["webhook", name, "--help"]).output
        assert " / " in told
