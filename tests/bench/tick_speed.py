"""How long a daily tick of 20,000 projects takes, step by step: ``make bench-tick``.

Two lines a project and twelve movements a project through the year, in one province, on a real PostgreSQL of
its own. Beside it a bare scan of the same balances: the figures are of the machine they are run on, the ratio
travels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.embedded import servers
from services.aggregation import lines_store, province_books, series_policy
from services.aggregation.subject_progress import Evaluation, of_province
from services.alert import policy
from services.contracts import progress_codec
from services.domain.verdict import evaluate
from services.runtime import logs, roles
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import connect, transaction

ROOT = Path(__file__).resolve().parents[2]
AS_OF = date(2022, 11, 30)
MOST_SECONDS = 5.0
# The steps of a tick; what else is timed is beside it.
TICK = ("read", "build", "judge")


def fill(database_url: str, projects: int) -> None:
    """Plans, every third one raised in June, and twelve movements a project: an advance of each line, a
    recovery, and payments that grow towards the year's end."""
    with closing(connect(database_url, application="bench")) as connection:
        with transaction(connection) as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            for statement in (_PLANS, _REGISTER, _LEDGER, _BALANCES):
                cursor.execute(statement, {"projects": projects})
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM ANALYZE")


def measure(database_url: str) -> tuple[dict[str, float], int, int]:
    """Seconds of each step, how many subjects were built and how many findings their judgement has."""
    series = series_policy.load(ROOT / "deploy" / "policy")
    fund_sources = FundSourceNames.load(ROOT / "deploy" / "policy")
    rules = policy.load(ROOT / "deploy" / "policy" / "rules").policy_for(province_code="96", budget_year=2022)
    taken: dict[str, float] = {}
    started = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal started
        now = time.perf_counter()
        taken[step], started = now - started, now

    with closing(connect(database_url, application="bench")) as connection, transaction(connection) as cursor:
        started = time.perf_counter()
        cursor.execute("SELECT count(*), sum(disbursed) FROM aggregation.balance")
        lap("bare scan")
        reached = lines_store.books_through(
            cursor, budget_year=2022, province="96", until=AS_OF, series=series
        )
        books = province_books.read(cursor, province="96", budget_year=2022, as_of=AS_OF, series=series)
        lap("read")
    evaluation = Evaluation("96", 2022, AS_OF, AS_OF, reached, 1, 1)
    told = of_province(evaluation, books, fund_sources)
    lap("build")
    findings = sum(len(evaluate(progress, rules)) for progress in told)
    lap("judge")
    encoded = sum(len(progress_codec.encode_progress(progress)) for progress in told)
    lap("encode")
    assert encoded
    return taken, len(told), findings


def main() -> int:
    """Print the figures; 1 where reading, building and judging took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    logs.configure("ERROR", "bench")
    console = Console()
    best = float("inf")
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder,
        servers.postgres(Path(folder) / "data") as server,
    ):
        url = servers.create_database(server, "bench")
        roles.migrate_all(url)
        fill(url, options.projects)
        timed = (*TICK, "encode", "bare scan")
        table = Table(
            "subjects", "findings", *(f"{step} s" for step in timed), "tick s", "own CPU s", "tick / scan"
        )
        for _ in range(options.rounds):
            cpu = time.process_time()
            taken, subjects, findings = measure(url)
            cpu = time.process_time() - cpu
            seconds = sum(taken[step] for step in TICK)
            best = min(best, seconds)
            table.add_row(
                str(subjects),
                str(findings),
                *(f"{taken[step]:.2f}" for step in timed),
                f"{seconds:.2f}",
                f"{cpu:.2f}",
                f"{seconds / taken['bare scan']:.0f}",
            )
        console.print(table)
    return 0 if best < MOST_SECONDS else 1


_LINE = """
WITH line AS (
    SELECT n, 'DA-' || lpad(n::text, 7, '0') AS project_code, 'CDT' || n %% 200 AS owner_code,
           CASE n %% 3 WHEN 0 THEN 'A' WHEN 1 THEN 'B' ELSE 'C' END AS project_group,
           'Huyện ' || n %% 9 AS district, 'Ngành ' || n %% 12 AS sector, k,
           CASE k WHEN 0 THEN 'central.sector' ELSE 'local.balance' END AS fund_source,
           (1000 + n * 7919 %% 90000)::bigint * 1000000 AS plan
      FROM generate_series(1, %(projects)s) AS n, generate_series(0, 1) AS k)
"""
_PLANS = f"""
{_LINE}
INSERT INTO aggregation.plan_revision (
       event_id, content_hash, source, source_ref, project_code, project_name, level, owner_code,
       owner_name, accountable_officer, fund_source, project_group, district, sector, province_code,
       budget_year, base, amount, currency, decision_number, decision_date, effective_date, recorded_at,
       topic_id, partition, "offset", index)
SELECT md5(concat('p', d, n, '-', k))::uuid, '\\x00', 'skhdt', concat(d, n, k), project_code,
       'Dự án ' || n, 'project', owner_code, 'Ban ' || owner_code, '', fund_source, project_group, district,
       sector, '96', 2022, CASE d WHEN 1 THEN 'initial' ELSE 'adjusted' END, plan * d, 'VND', d || '/QĐ',
       date '2021-12-10', CASE d WHEN 1 THEN date '2022-01-01' ELSE date '2022-06-15' END, now(),
       't', 0, n, 0
  FROM line, generate_series(1, 2) AS d
 WHERE d = 1 OR n %% 3 = 0
"""  # noqa: S608 - our own text
_REGISTER = f"""
{_LINE}
INSERT INTO aggregation.project_registration (
       event_id, content_hash, source, source_ref, project_code, project_name, province_code, owner_code,
       project_group, district, sector, starts_on, closed_on, total_investment, currency, effective_date,
       revision, recorded_at, topic_id, partition, "offset", index)
SELECT md5('r' || n)::uuid, '\\x00', 'skhdt', 'r' || n, project_code, 'Dự án ' || n, '96', owner_code,
       project_group, district, sector, date '2021-03-01', date '2023-12-31', plan * 3, 'VND',
       date '2021-03-01', 0, now(), 't', 0, n, 0
  FROM line WHERE k = 0
"""  # noqa: S608 - our own text
_LEDGER = f"""
{_LINE}
INSERT INTO aggregation.ledger (
       event_id, origin_event_id, content_hash, source, source_ref, project_code, fund_source, budget_year,
       series, kind, amount, currency, disbursed, work_certified, advance_outstanding, value_date, status,
       recorded_at, topic_id, partition, "offset", index)
SELECT m.id, m.id, '\\x00', 'kbnn.ca-mau', concat(m.n, '-', m.k, '-', m.step), m.project_code,
       m.fund_source, 2022, 'treasury_vouchers', m.kind, m.amount, 'VND',
       CASE m.kind WHEN 'advance_recovery' THEN -m.amount ELSE m.amount END,
       CASE m.kind WHEN 'completed_work_payment' THEN m.amount ELSE 0 END,
       CASE m.kind WHEN 'advance' THEN m.amount WHEN 'advance_recovery' THEN -m.amount ELSE 0 END,
       date '2022-02-01' + m.step * 55 + (m.n %% 25)::int, 'actual', now(), 't', 0, m.n, 0
  FROM (SELECT line.*, step, md5(concat('m', n, '-', k, '-', step))::uuid AS id,
               CASE step WHEN 0 THEN 'advance' WHEN 2 THEN 'advance_recovery'
                         ELSE 'completed_work_payment' END AS kind,
               greatest(plan * (CASE step WHEN 2 THEN 1 ELSE step + 2 END) / 30, 1) AS amount
          FROM line, generate_series(0, 5) AS step) AS m
"""  # noqa: S608 - our own text
_BALANCES = """
INSERT INTO aggregation.balance (
       project_code, fund_source, budget_year, series, value_date, disbursed, work_certified,
       advance_outstanding, movements)
SELECT project_code, fund_source, budget_year, series, value_date, sum(disbursed), sum(work_certified),
       sum(advance_outstanding), count(*)
  FROM aggregation.ledger
 GROUP BY budget_year, project_code, fund_source, series, value_date
"""

if __name__ == "__main__":
    sys.exit(main())
