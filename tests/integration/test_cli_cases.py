"""``giaingan quarantine`` and ``giaingan conflict`` over real HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from services import cli
from services.domain.money import Money
from tests.support import facts
from tests.support.access import make_token
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import Broker


@dataclass(frozen=True, slots=True)
class Console:
    """The command with its service."""

    aggregation: Aggregation
    url: str
    token_file: Path

    def run(self, *arguments: str, typed: str = "") -> Result:
        options = ["--url", self.url, "--token-file", str(self.token_file)]
        result = CliRunner().invoke(cli.main, [*arguments, *options], input=typed)
        self.aggregation.settle()
        return result

    def output(self, *arguments: str, typed: str = "") -> str:
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def console(database_url: str, broker: Broker, tmp_path: Path) -> Iterator[Console]:
    """One event held for its fund source, and one conflict."""
    token_file = tmp_path / "token"
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        token_file.write_text(make_token(database_url, name="phòng tài chính"))
        server = make_server("127.0.0.1", 0, aggregation.client.application, threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            first = facts.movement("2", 300)
            aggregation.publish(facts.plan(1_000), replace(facts.movement("1", 50), fund_source="X"), first)
            aggregation.settle()
            aggregation.publish(replace(first, amount=Money(30)))
            aggregation.settle()
            yield Console(aggregation, f"http://127.0.0.1:{server.server_port}", token_file)
        finally:
            server.shutdown()
            serving.join()


def test_a_case_is_listed_shown_fixed_and_then_closed(console: Console, tmp_path: Path) -> None:
    listed = console.output("quarantine", "list")
    assert "malformed-field" in listed
    assert "lý do" in listed
    (item,) = json.loads(console.output("quarantine", "list", "--json"))["items"]
    number = str(item["quarantine_id"])
    assert '"fund_source": "X"' in console.output("quarantine", "show", number)

    fact = json.loads(console.output("quarantine", "show", number, "--json"))["fact"]
    refused = console.run("quarantine", "fix", number, "-", typed=json.dumps(fact))
    assert refused.exit_code == 1
    assert "movement.fund_source" in refused.output

    fact["movement"]["fund_source"] = "central.sector"
    file = tmp_path / "sửa.json"
    file.write_text(json.dumps(fact), encoding="utf-8")
    assert "fixed" in console.output("quarantine", "fix", number, str(file), "--reason", "gõ nhầm")
    shown = console.output("quarantine", "show", number)
    assert "gõ nhầm" in shown
    assert "phòng tài chính" in shown
    assert "Không có trường hợp nào / no case" in console.output("quarantine", "list")
    again = console.run("quarantine", "discard", number, "--reason", "x")
    assert again.exit_code == 1
    assert "fixed" in again.output


def test_a_case_is_replayed_and_discarded(console: Console) -> None:
    (item,) = json.loads(console.output("quarantine", "list", "--json"))["items"]
    number = str(item["quarantine_id"])
    replayed = console.output("quarantine", "replay", number)
    assert "replayed" in replayed
    assert "đang được xét lại" in replayed
    assert "is being looked at again" in replayed
    assert f"Xem / see: giaingan quarantine show {number}\n" in replayed
    assert "discarded" in console.output("quarantine", "discard", number, "--reason", "thử nghiệm")
    assert number in console.output("quarantine", "list", "--state", "discarded")


def test_a_conflict_is_shown_and_replaced(console: Console) -> None:
    (item,) = json.loads(console.output("conflict", "list", "--json"))["items"]
    number = str(item["conflict_id"])
    assert item["event_id"][:8] in console.output("conflict", "list")
    shown = console.output("conflict", "show", number)
    for text in (
        item["event_id"],
        "Nội dung / what is stated: chứng từ / movement",
        "số chứng từ", "voucher number", "cơ quan", "dự án", "nguồn vốn", "ngày hạch toán", "số tiền",
    ):  # fmt: skip
        assert text in shown
    lines = [line for line in shown.splitlines() if "≠" in line]
    assert len(lines) == 1
    assert re.search(r"≠ │ số tiền +│ 300 +│ 30 ", lines[0])
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "replaced" in console.output("conflict", "replace", number, "--reason", "sai số")
    assert console.aggregation.summary(as_of="2022-07-31")["total"]["disbursed"] == 30
    kept = console.run("conflict", "keep-first", number, "--reason", "đổi ý")
    assert "replaced" in kept.output
    assert number in console.output("conflict", "list", "--state", "replaced")


def test_who_has_no_token_or_no_service_is_told_so(console: Console, tmp_path: Path) -> None:
    missing = CliRunner().invoke(cli.main, ["quarantine", "list", "--token-file", str(tmp_path / "none")])
    assert (missing.exit_code, "GIAINGAN_TOKEN" in missing.output) == (1, True)
    nobody = CliRunner().invoke(
        cli.main,
        [
            "conflict",
            "list",
            "--url",
            "http://127.0.0.1:1",
            "--wait",
            "0",
            "--token-file",
            str(console.token_file),
        ],
    )
    assert (nobody.exit_code, "127.0.0.1:1" in nobody.output) == (1, True)
    broken = console.run("quarantine", "fix", "1", "-", typed="{")
    assert "not JSON" in broken.output
