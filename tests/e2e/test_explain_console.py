"""``giaingan explain`` on the running services: what it prints, what it verifies, how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from services import cli
from tests.support.logins import execute
from tests.support.stack import RunningStack

# An instant is settled that long after it (docs/adr/0016).
SETTLED_SECONDS = 16
# An edit behind the service's back: the trigger that refuses it is a superuser's to switch off.
_EDIT = """
ALTER TABLE aggregation.ledger DISABLE TRIGGER append_only;
WITH edited AS (
    UPDATE aggregation.ledger
       SET amount = amount + 1000000, disbursed = disbursed + 1000000,
           work_certified = work_certified + 1000000
     WHERE event_id = %s
    RETURNING *
)
UPDATE aggregation.balance AS b
   SET disbursed = b.disbursed + 1000000, work_certified = b.work_certified + 1000000
  FROM edited AS e
 WHERE (b.project_code, b.fund_source, b.budget_year, b.series, b.value_date)
       = (e.project_code, e.fund_source, e.budget_year, e.series, e.value_date);
ALTER TABLE aggregation.ledger ENABLE TRIGGER append_only
"""


@dataclass(frozen=True, slots=True)
class Console:
    """The command with the alert service's address and a token."""

    stack: RunningStack
    folder: Path

    def run(self, alert_id: str, *options: str, url: str = "", env: dict[str, str] | None = None) -> Result:
        token = self.folder / "token"
        token.write_text(self.stack.token, encoding="ascii")
        asked = ["explain", alert_id, "--url", url or self.stack.url("alert"), "--wait", "1", *options]
        sent = [] if env else ["--token-file", str(token)]
        return CliRunner().invoke(cli.main, [*asked, *sent], env=env)


def in_one_line(output: str) -> str:
    """Without the frame around the sentences and the line breaks in them."""
    return " ".join(output.replace("│", " ").split())


@pytest.fixture
def console(stack: RunningStack, tmp_path: Path) -> Console:
    stack.load_sample()
    return Console(stack, tmp_path)


def test_explained_verified_and_the_difference_found(console: Console) -> None:
    (alert,) = console.stack.alerts(subject_type="province", province="96", rule="behind_target")
    alert_id = alert["alert_id"]
    time.sleep(SETTLED_SECONDS)

    both = console.run(alert_id)
    assert both.exit_code == 0, both.output
    assert "Giải trình" in both.output
    assert "Explanation" in both.output
    assert "value date" in both.output, "the movements behind it"
    english = in_one_line(console.run(alert_id, "--lang", "en", "--sequence", "1").output)
    assert "Giải trình" not in english
    assert "To clear it:" in english
    now = datetime.now(UTC).isoformat()
    assert console.run(alert_id, "--at", now, "--lang", "en").exit_code == 0

    verified = console.run(alert_id, "--verify")
    assert verified.exit_code == 0, verified.output
    assert "giống hệt / identical" in verified.output

    movements = console.stack.get("alert", f"/v1/alerts/{alert_id}/explanation")["movements"]["items"]
    payment = next(each for each in movements if each["kind"] == "completed_work_payment" and each["counts"])
    execute(console.stack.database_url, _EDIT, payment["event_id"])
    edited = console.run(alert_id, "--verify")
    assert edited.exit_code == 1
    assert "từ sổ cái / from the ledger: disbursed: " in edited.output
    assert "from the record" not in edited.output
    assert "identical" not in edited.output

    # The ledger is away: what was told is still explained, and nothing is called identical.
    console.stack.services["aggregation"].stop()
    told = console.run(alert_id)
    assert told.exit_code == 0
    assert "they cannot be read now" in in_one_line(told.output)
    away = console.run(alert_id, "--verify")
    assert away.exit_code == 1
    assert "the ledger could not be asked" in in_one_line(away.output)

    _refused(console, alert_id)


def _refused(console: Console, alert_id: str) -> None:
    for asked in (
        [str(UUID(int=1))],
        [alert_id, "--sequence", "99"],
        [alert_id, "--at", "2020-01-01T00:00:00Z"],
    ):
        for options in ([], ["--verify"]):
            unknown = console.run(*asked, *options)
            assert unknown.exit_code == 1, asked
            assert "there is no such alert, or no such change of it" in in_one_line(unknown.output), asked
    for no_id in ("khong-co", "a/../b?c"):
        assert "is no alert's identifier" in in_one_line(console.run(no_id).output)
    bad = console.run(alert_id, "--at", "yesterday")
    assert bad.exit_code == 1
    assert "at" in bad.output
    unnamed = console.run(
        alert_id, env={"GIAINGAN_TOKEN": "", "GIAINGAN_STATE_DIR": str(console.folder / "none")}
    )
    assert unnamed.exit_code == 1
    assert "no API token" in unnamed.output
    nobody = console.run(alert_id, url="http://127.0.0.1:1")
    assert nobody.exit_code == 1
    assert "http://127.0.0.1:1" in nobody.output
