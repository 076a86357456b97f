"""A superuser edits one amount of the ledger, and everything in the tables that would contradict it."""

from __future__ import annotations

import json
import random

from click.testing import CliRunner

from services import cli
from tests.chaos.stream import FactStream
from tests.support.aggregation import running, settings_for
from tests.support.brokers import Broker
from tests.support.logins import execute

# The effect and the balance go with the amount: no sum contradicts it.
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
_EDITABLE = """
SELECT l.event_id::text, l.partition, l."offset"
  FROM aggregation.ledger AS l
 WHERE l.kind = 'completed_work_payment'
   AND NOT EXISTS (SELECT FROM aggregation.ledger AS r WHERE r.reverses_event_id = l.event_id)
 ORDER BY l.seq
"""


def test_22_an_edited_amount_names_its_block(database_url: str, broker: Broker, rng: random.Random) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(*FactStream(rng).take(60))
        aggregation.settle()
    environment = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
    }
    before = CliRunner().invoke(cli.main, ["verify", "--json"], env=environment)
    assert before.exit_code == 0, before.output

    event_id, partition, offset = rng.choice(execute(database_url, _EDITABLE))
    execute(database_url, _EDIT, event_id)
    found = CliRunner().invoke(cli.main, ["verify", "--json"], env=environment)
    assert found.exit_code == 1
    told = json.loads(found.stdout)
    assert [fault["code"] for fault in told["faults"]] == ["rows-altered", "content-differs"]
    assert told["faults"][1]["found"]["event_id"] == event_id
    block = told["first_bad_block"]
    assert block["partition"] == partition
    assert block["from_offset"] <= offset < block["next_offset"]
    assert event_id in [row["event_id"] for row in told["rows_of_first_bad_block"]]
