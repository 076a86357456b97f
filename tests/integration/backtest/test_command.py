"""``giaingan backtest`` on a real PostgreSQL, as an auditor who may only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner, Result

from deploy.embedded import servers
from services import cli
from services.runtime import roles
from tests.support import simulated_year
from tests.support.applied import Books
from tests.support.logins import execute, login_of

Run = Callable[..., Result]
_POLICY = Path(__file__).resolve().parents[3] / "deploy" / "policy"
_COMPARED = (
    *("--policy", str(_POLICY / "rules"), "--policy", str(_POLICY / "compare" / "linear.yaml")),
    *("--policy", str(_POLICY / "compare" / "below_national_average.yaml")),
)
_YEAR = ("--from", "2022-01-01", "--to", "2023-01-31")


@pytest.fixture(scope="module")
def filled(postgres_server: str) -> str:
    """The URL of a database with forty projects of the simulated year."""
    url = servers.create_database(postgres_server, "backtest_filled")
    roles.migrate_all(url)
    simulated_year.fill(Books(url), 40)
    return url


@pytest.fixture(scope="module")
def auditor(filled: str) -> str:
    return login_of(filled, roles.AUDITOR)


def _run(url: str, *options: str) -> Result:
    return CliRunner().invoke(cli.main, ["backtest", "--processes", "1", *options], env={"DATABASE_URL": url})


def test_policies_are_compared_by_an_auditor_and_nothing_is_written(
    filled: str, auditor: str, tmp_path: Path
) -> None:
    before = _everything(filled)
    drawn = tmp_path / "p.svg"
    said = _run(auditor, *_YEAR, *_COMPARED, "--picture", str(drawn))
    assert said.exit_code == 0, said.output
    assert _everything(filled) == before
    for words in (
        "Theo mọi số liệu hiện có",
        "projects that missed 95",
        "linear",
        "behind_target, critical",
        "không xét lại được quá khứ / cannot be judged on a past day: advance_overdue",
    ):
        assert words in said.stdout
    assert Xml.fromstring(drawn.read_bytes()) is not None  # noqa: S314 - our own


def _everything(url: str) -> dict[str, str]:
    """A digest of every table of the ledger and of live alerts."""
    tables = execute(
        url,
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('aggregation', 'alert') ORDER BY 1",
    )
    digest = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM "
    return {str(table): str(execute(url, f"{digest}{table} AS t")) for (table,) in tables}


def test_the_projects_that_missed_are_those_of_the_simulation(filled: str, auditor: str) -> None:
    told = json.loads(_run(auditor, *_YEAR, "--format", "json").stdout)
    (policy,) = told["policies"]
    found = execute(
        filled,
        """SELECT count(*) FILTER (WHERE d < 0.95 * p), count(*) FROM (
             SELECT sum(disbursed) AS d, sum(current_plan) AS p FROM aggregation.lines(
               2022, '2023-01-31', '96', ARRAY['treasury_vouchers'], NULL) GROUP BY project_code) AS t""",
    )
    assert (policy["missed"]["part"], policy["missed"]["whole"]) == found[0]
    rules = {flag["rule"] for subject in policy["subjects"] for flag in subject["flags"]}
    assert {"behind_target", "nothing_disbursed"} <= rules
    # Owners and the province are judged too.
    assert {subject["subject_type"] for subject in policy["subjects"]} >= {"project", "owner", "province"}
    # Asked again, the same.
    assert json.loads(_run(auditor, *_YEAR, "--format", "json").stdout) == told
    rows = _run(auditor, *_YEAR, "--format", "csv").stdout.splitlines()
    assert len(rows) == 1 + policy["flags_raised"]


def test_only_flags_that_are_urgent_enough_count_where_it_is_asked(filled: str, auditor: str) -> None:
    every, warned, critical = (
        json.loads(_run(auditor, *_YEAR, "--severity", least, "--format", "json").stdout)
        for least in ("info", "warning", "critical")
    )
    for told, severities in (
        (every, {"info", "warning", "critical"}),
        (warned, {"warning", "critical"}),
        (critical, {"critical"}),
    ):
        (policy,) = told["policies"]
        flags = [flag for subject in policy["subjects"] for flag in subject["flags"]]
        assert {flag["severity"] for flag in flags} == severities
        assert policy["flags_raised"] == len(flags)
    raised = [told["policies"][0]["precision"]["whole"] for told in (every, warned, critical)]
    assert raised == sorted(raised, reverse=True)
    assert warned["notes"][0] == "Chỉ tính cảnh báo từ mức cảnh báo / only flags from warning on count"


def test_what_was_not_known_then_is_not_used(filled: str, auditor: str) -> None:
    # Everything was taken in today: nothing of it was known in 2022.
    said = _run(auditor, *_YEAR, "--as-known")
    assert said.exit_code == 1
    assert "thử bỏ --as-known" in said.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "2019-01-01"), "không có số liệu giải ngân nào của năm 2019"),
        ((*_YEAR, "--province", "01"), "tỉnh 01 / province 01"),
        (("--from", "2022-06-01", "--to", "2022-05-01"), "--from is not after --to"),
        (("--from", "2022-06-01", "--to", "2023-02-01"), "the budget year 2022 runs from"),
        ((), "give --from or --budget-year"),
        ((*_YEAR, "--policy", "nowhere.yaml"), "nowhere.yaml"),
        ((*_YEAR, "--picture", "p.png"), "its name must end in .svg"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_to_do(
    auditor: str, options: tuple[str, ...], words: str
) -> None:
    said = _run(auditor, *options)
    assert said.exit_code != 0
    assert words in said.stderr


def test_faults_of_a_policy_file_are_told_by_line_rule_and_key(auditor: str, tmp_path: Path) -> None:
    policy = tmp_path / "mine.yaml"
    text = (_POLICY / "rules" / "ca_mau_2022.yaml").read_text(encoding="utf-8")
    text = text.replace('threshold: "0.90"', "threshold: 0.9")
    line = text[: text.index("threshold: 0.9")].count("\n") + 1
    policy.write_text(text, encoding="utf-8")
    said = _run(auditor, *_YEAR, "--policy", str(policy))
    assert said.exit_code == 1
    assert f"mine.yaml: line {line}: rule behind_target: threshold: " in said.stderr


def test_a_role_that_may_not_read_and_a_database_without_books_are_told(
    filled: str, database_url: str
) -> None:
    said = _run(login_of(filled, "giaingan_ingest"), *_YEAR)
    assert said.exit_code == 1
    assert "dùng tài khoản thuộc giaingan_auditor" in said.stderr
    said = _run(database_url, *_YEAR)
    assert said.exit_code == 1
    assert "chạy giaingan migrate" in said.stderr


def test_the_command_explains_itself_in_both_languages() -> None:
    said: Any = CliRunner().invoke(cli.main, ["backtest", "--help"])
    assert "Kiểm nghiệm quy tắc cảnh báo" in said.stdout
    assert "replay policies over a" in said.stdout
