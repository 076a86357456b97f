"""The end of the ledger is deleted with its blocks and balances, and the position set back to before it."""

from __future__ import annotations

import random
from pathlib import Path

from click.testing import CliRunner, Result

from services import cli
from tests.chaos.stream import FactStream
from tests.support.aggregation import running, settings_for
from tests.support.brokers import Broker
from tests.support.logins import execute

# Everything that the last block of one partition added, as if it had never been read.
_CUT = """
ALTER TABLE aggregation.ledger DISABLE TRIGGER append_only;
ALTER TABLE aggregation.statement_line DISABLE TRIGGER append_only;
ALTER TABLE aggregation.block DISABLE TRIGGER append_only;
CREATE TEMP TABLE tail AS SELECT * FROM aggregation.block ORDER BY block_no DESC LIMIT 1;
DELETE FROM aggregation.ledger WHERE block_no = (SELECT block_no FROM tail);
DELETE FROM aggregation.statement_line WHERE block_no = (SELECT block_no FROM tail);
DELETE FROM aggregation.block WHERE block_no = (SELECT block_no FROM tail);
UPDATE aggregation.source_position AS p SET next_offset = t.from_offset, chain_head = t.previous_hash
  FROM tail AS t WHERE t.topic_id = p.topic_id AND t.partition = p.partition;
DELETE FROM aggregation.balance;
INSERT INTO aggregation.balance (project_code, fund_source, budget_year, series, value_date, disbursed,
                                 work_certified, advance_outstanding, movements)
SELECT project_code, fund_source, budget_year, series, value_date, sum(disbursed), sum(work_certified),
       sum(advance_outstanding), count(*)
  FROM aggregation.ledger GROUP BY 1, 2, 3, 4, 5;
DELETE FROM aggregation.source_reach;
INSERT INTO aggregation.source_reach (budget_year, project_code, fund_source, source, reaches)
SELECT budget_year, project_code, fund_source, source, max(day)
  FROM (SELECT budget_year, project_code, fund_source, source, value_date AS day FROM aggregation.ledger
         WHERE kind <> 'statement_difference'
         UNION ALL
        SELECT budget_year, project_code, fund_source, source, as_of FROM aggregation.statement_line) AS s
 GROUP BY 1, 2, 3, 4
"""


def test_23_a_deleted_tail_is_caught_by_the_head_kept_outside(
    database_url: str, broker: Broker, rng: random.Random, tmp_path: Path
) -> None:
    stream = FactStream(rng)
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        for _ in range(3):
            aggregation.publish(*stream.take(20))
            aggregation.settle()

    def verify(*options: str) -> Result:
        environment = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
        return CliRunner().invoke(cli.main, ["verify", *options], env=environment)

    key, head = ["--key", str(tmp_path / "key")], str(tmp_path / "head.json")
    assert verify("--make-key", key[1]).exit_code == 0
    written = verify("--write-head", head, *key)
    assert written.exit_code == 0, written.output
    assert verify("--head", head, *key).exit_code == 0

    execute(database_url, _CUT)
    without = verify()
    assert without.exit_code == 0, without.output
    found = verify("--head", head, *key)
    assert found.exit_code == 1
    assert "[head-missing]" in found.stdout
