"""How long ``giaingan verify`` takes over a million rows of the ledger: ``make bench-verify``.

The rows are made in SQL, on a real PostgreSQL of its own, and put into blocks by the code that writes blocks,
so that every digest and the chain are true. Beside it a bare count and sum of the same rows: the figures are
of the machine they are run on, the ratio travels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.embedded import servers
from services.aggregation import block_rows
from services.aggregation.block_rows import OpenBlock
from services.contracts import topics
from services.runtime import logs, roles
from services.runtime.kafka_client import LogIdentity
from services.runtime.positions import Positions
from services.runtime.postgres import Cursor, connect, transaction
from services.verify.verification import Asked, steps, verify

PARTITIONS = 12
ROWS_OF_A_BLOCK = 500
MOST_SECONDS = 20.0


def fill(database_url: str, rows: int) -> None:
    """``rows`` movements of three hundred projects, in blocks of 500, with their balances."""
    with closing(connect(database_url, application="bench")) as connection:
        with transaction(connection) as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(_LEDGER, {"rows": rows, "of_block": ROWS_OF_A_BLOCK, "partitions": PARTITIONS})
            cursor.execute(_BALANCES)
            _chain(cursor, -(-rows // ROWS_OF_A_BLOCK))
        # As autovacuum does after so many rows.
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM ANALYZE")


def _chain(cursor: Cursor, blocks: int) -> None:
    """The blocks of the rows, by the code of the service that writes them."""
    positions = Positions("aggregation")
    identity = LogIdentity("bench", "bench-topic", PARTITIONS)
    claims = [
        positions.claim(
            cursor, topic=topics.DISBURSEMENT, partition=p, identity=identity, owner="bench", adopt=True
        )
        for p in range(PARTITIONS)
    ]
    cursor.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint")
    ((now_us,),) = cursor.fetchall()
    for block_no in range(1, blocks + 1):
        claim = claims[block_no % PARTITIONS]
        head = positions.lock(cursor, claim)
        rows = block_rows.close(cursor, OpenBlock(block_no, now_us), topics.DISBURSEMENT)
        following = claim.next_offset + ROWS_OF_A_BLOCK
        positions.advance(cursor, claim, next_offset=following, head=head, digest=rows)
        claim.next_offset = following


def measure(database_url: str) -> tuple[float, float, dict[str, float]]:
    """Seconds of a bare scan and of a verification, and of each of its steps. Raises ``AssertionError`` where
    the books are not right."""
    with closing(connect(database_url, application="bench")) as connection, transaction(connection) as cursor:
        started = time.perf_counter()
        cursor.execute("SELECT count(*), sum(disbursed) FROM aggregation.ledger")
        scan = time.perf_counter() - started
    asked = Asked(database_url)
    moments = [time.perf_counter()]
    answer = verify(asked, on_step=lambda: moments.append(time.perf_counter()))
    assert answer.verdict.faults == []
    taken = (after - before for before, after in pairwise(moments))
    return scan, time.perf_counter() - moments[0], dict(zip(steps(asked), taken, strict=True))


def main() -> int:
    """Print the figures; 1 where verification took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--steps", action="store_true", help="what each check takes")
    options = parser.parse_args()
    logs.configure("ERROR", "bench")
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-bench-") as folder,
        servers.postgres(Path(folder) / "data") as server,
    ):
        url = servers.create_database(server, "bench")
        roles.migrate_all(url)
        started = time.perf_counter()
        fill(url, options.rows)
        console.print(
            f"{options.rows:,} rows in blocks of {ROWS_OF_A_BLOCK}: {time.perf_counter() - started:.0f} s"
        )
        table = Table("run", "count and sum, s", "giaingan verify, s", "times the scan")
        best = float("inf")
        for number in range(1, options.times + 1):
            scan, seconds, by_step = measure(url)
            best = min(best, seconds)
            table.add_row(str(number), f"{scan:.2f}", f"{seconds:.2f}", f"{seconds / scan:.0f}")
            if options.steps:
                console.print({name: round(taken, 2) for name, taken in by_step.items()})
        console.print(table)
    return 0 if best < MOST_SECONDS else 1


_LEDGER = r"""
INSERT INTO aggregation.ledger (
       event_id, origin_event_id, content_hash, source, source_ref, project_code, fund_source, budget_year,
       series, kind, amount, currency, disbursed, work_certified, advance_outstanding, value_date, status,
       recorded_at, topic_id, partition, "offset", index, block_no)
SELECT m.event_id, m.event_id, sha256(convert_to(m.content, 'UTF8')), 'kbnn.ca-mau', '2022/' || m.n,
       m.project_code, m.fund_source, 2022,
       'treasury_vouchers', 'completed_work_payment', m.amount, 'VND', m.amount, m.amount, 0,
       m.value_date, 'actual', now(), 'bench-topic', m.block_no %% %(partitions)s,
       (m.block_no / %(partitions)s) * %(of_block)s + m.n %% %(of_block)s, 0, m.block_no
  FROM (SELECT made.*,
               concat('budget_year=2022', E'\ncurrency=VND', E'\nfund_source=', made.fund_source,
                      E'\nkind=completed_work_payment', E'\nminor_units=', made.amount, E'\nproject_code=',
                      made.project_code, E'\nrecovery_booking=gross\nreporter=treasury\nreverses_event_id=',
                      E'\nstatus=actual\ntype=movement\nvalue_date=', made.value_date) AS content
          FROM (SELECT n, md5(n::text)::uuid AS event_id, 1000000 + n * 7919::bigint %% 900000000 AS amount,
                       ((n - 1) / %(of_block)s + 1) AS block_no, date '2022-01-01' + (n %% 365) AS value_date,
                       'DA-' || lpad((n %% 300)::text, 7, '0') AS project_code,
                       CASE n %% 3 WHEN 0 THEN 'central.sector' ELSE 'local.balance' END AS fund_source
                  FROM generate_series(1, %(rows)s) AS n) AS made) AS m
"""
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
