"""Double entry in the real books: what the ledger takes, the accounts of a project, and findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from deploy.embedded import servers
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.count_findings import CountFindings
from services.domain.disbursement import FigureStatus, MovementKind, RecoveryBooking, Reporter
from services.runtime.access import Scope
from services.runtime.clock import Clock
from services.runtime.postgres import migrate
from tests.support import facts
from tests.support.access import client_of, make_token
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import RunningBroker
from tests.support.logins import execute

ADVANCE, RECOVERY = MovementKind.ADVANCE, MovementKind.ADVANCE_RECOVERY
AS_OF = {"as_of": "2022-06-30"}


def recovery(ref: str, amount: int, day: str, **changes: Any) -> Any:
    return facts.movement(ref, amount, day, kind=RECOVERY, **changes)


@pytest.fixture(scope="module")
def aggregation(postgres_server: str, running_broker: RunningBroker) -> Iterator[Aggregation]:
    """P1 is sound in the end, P2 below zero since 10 May, Q1 of Quảng Nam since 1 March, P9 is nobody's."""
    url = servers.create_database(postgres_server, f"accounts_{uuid4().hex[:12]}")
    with running_broker() as broker, running(settings_for(url, broker.bootstrap_servers)) as started:
        started.publish(
            facts.plan(1_000, "P1"),
            facts.plan(1_000, "P2", owner_code="O2", owner_name="Sở Y tế"),
            facts.plan(1_000, "Q1", province_code="49"),
            # The recovery came before its advance; the money says so by its days, too.
            recovery("1/2", 30, "2022-02-01", recovery_booking=RecoveryBooking.NET),
            facts.movement("1/1", 300, "2022-02-15", kind=ADVANCE),
            facts.movement("1/3", 70, "2022-03-01", recovery_booking=RecoveryBooking.NET),
            facts.movement("1/4", 20, "2022-03-02", kind=MovementKind.REFUND),
            facts.statement(600, "2022-03-31"),
            facts.statement(550, "2022-04-30"),
            facts.movement("2/1", 100, "2022-01-10", kind=ADVANCE, project_code="P2"),
            # Below zero for a while, and no more: the finding is of the second time.
            recovery("2/2", 110, "2022-02-10", project_code="P2"),
            facts.movement("2/3", 50, "2022-03-10", kind=ADVANCE, project_code="P2"),
            recovery("2/4", 40, "2022-05-10", project_code="P2"),
            recovery("2/5", 5, "2022-06-10", project_code="P2"),
            # Takes nothing from the advance.
            facts.movement("2/6", 1, "2022-06-20", project_code="P2"),
            recovery("3/1", 7, "2022-03-01", project_code="Q1", reporter=Reporter.OWNER),
            recovery("4/1", 9, "2022-03-01", project_code="P9"),
            # What is only estimated to be recovered is no finding.
            facts.plan(1_000, "P3"),
            facts.movement("5/1", 100, "2022-01-10", kind=ADVANCE, project_code="P3"),
            recovery("5/2", 60, "2022-06-10", project_code="P3", status=FigureStatus.ESTIMATE),
        )
        started.settle()
        yield started


def get(client: FlaskClient, path: str, **query: object) -> Any:
    answer = client.get(path, query_string={**AS_OF, **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


# --- what the ledger takes ---------------------------------------------------------------------------

_ROW = """
INSERT INTO aggregation.ledger (event_id, origin_event_id, content_hash, source, source_ref,
       project_code, fund_source, budget_year, series, kind, amount, currency, disbursed,
       work_certified, advance_outstanding, value_date, status, recorded_at, topic_id, partition, "offset",
       index)
VALUES (gen_random_uuid(), gen_random_uuid(), '', 's', 'r', 'P1', 'central', 2022, 'treasury_vouchers',
        'advance', %s, 'VND', %s, %s, %s, '2022-01-31', 'actual', now(), 't', 0, 0, 0)
"""


@pytest.fixture(scope="module")
def empty(postgres_server: str) -> str:
    url = servers.create_database(postgres_server, f"ledger_{uuid4().hex[:12]}")
    migrate(url, schema=SCHEMA, folders=MIGRATIONS)
    return url


@pytest.mark.parametrize(
    ("amount", "effect"),
    [
        (5, (5, 3, 0)),
        (5, (5, 5, 5)),
        (5, (4, 4, 0)),
        (5, (0, 0, 0)),
        (0, (0, 0, 0)),
        (-5, (-5, -5, 0)),
        (5, (5, 5, 1)),
        (5, (10, 5, 5)),
        # One account to two, and two to one.
        (5, (5, 3, 2)),
        (5, (-5, -3, -2)),
    ],
)
def test_a_row_that_is_no_transfer_is_refused(empty: str, amount: int, effect: tuple[int, int, int]) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation, match="one_transfer"):
        execute(empty, _ROW, amount, *effect)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "effect", [(5, 0, 5), (5, 5, 0), (5, 0, 0), (0, 5, -5), (0, 5, 0), (0, 0, 5)], ids=str
)
def test_every_transfer_between_two_accounts_is_taken(
    empty: str, effect: tuple[int, int, int], sign: int
) -> None:
    execute(empty, _ROW, 5, *(sign * part for part in effect))
    rows = execute(
        empty,
        "SELECT array_agg(amount ORDER BY amount) FROM aggregation.posting GROUP BY event_id",
    )
    assert {tuple(amounts) for (amounts,) in rows if isinstance(amounts, list)} == {(-5, 5)}


def test_the_rows_of_before_were_looked_at_too(empty: str) -> None:
    rows = execute(empty, "SELECT convalidated FROM pg_constraint WHERE conname = 'one_transfer'")
    assert rows == [(True,)]


# --- accounts ----------------------------------------------------------------------------------------


def test_the_accounts_of_a_project_are_those_of_its_postings_and_sum_to_zero(
    aggregation: Aggregation,
) -> None:
    answer = get(aggregation.client, "/v1/projects/P1/accounts")
    assert (answer["project_code"], answer["known_at"], answer["currency"]) == ("P1", None, "VND")
    assert answer["accounts"] == [
        {
            "fund_source": "central.sector",
            "series": "treasury_statements",
            "treasury": -550,
            "appropriation": 550,
            "advance_outstanding": 0,
            "work_paid": 0,
        },
        {
            "fund_source": "central.sector",
            "series": "treasury_vouchers",
            "treasury": -350,
            # The refund came back to it.
            "appropriation": -20,
            "advance_outstanding": 270,
            "work_paid": 100,
        },
    ]
    for code in ("P1", "P2", "Q1"):
        for line in get(aggregation.client, f"/v1/projects/{code}/accounts")["accounts"]:
            key = (code, line.pop("fund_source"), line.pop("series"))
            posted = aggregation.rows(
                "SELECT account, sum(amount)::bigint FROM aggregation.posting WHERE project_code = %s AND"
                " fund_source = %s AND series = %s AND value_date <= '2022-06-30' GROUP BY 1",
                *key,
            )
            assert {name: held for name, held in line.items() if held} == {n: a for n, a in posted if a}


def test_accounts_are_asked_by_day_and_by_instant(aggregation: Aggregation) -> None:
    (line,) = get(aggregation.client, "/v1/projects/P1/accounts", as_of="2022-02-14")["accounts"]
    assert (line["advance_outstanding"], line["work_paid"]) == (-30, 30)
    before = {**AS_OF, "known_at": "2022-06-30"}
    assert aggregation.client.get("/v1/projects/P1/accounts", query_string=before).status_code == 404
    known = get(aggregation.client, "/v1/findings", known_at="2022-06-30")
    assert (known["items"], known["known_at"]) == ([], "2022-06-30T23:59:59.999999+07:00")
    for path in ("/v1/projects/P1/accounts", "/v1/findings"):
        just_now = {"known_at": datetime.now(UTC).isoformat()}
        assert aggregation.client.get(path, query_string=just_now).status_code == 409


# --- findings ----------------------------------------------------------------------------------------


def test_an_advance_below_zero_is_found_with_its_day_its_amount_and_what_is_behind_it(
    aggregation: Aggregation,
) -> None:
    found = get(aggregation.client, "/v1/findings")
    keys = [(f["project_code"], f["series"], f["amount"], f["since"]) for f in found["items"]]
    assert keys == [
        ("P2", "treasury_vouchers", 5, "2022-06-10"),
        ("P9", "treasury_vouchers", 9, "2022-03-01"),
        ("Q1", "owner_vouchers", 7, "2022-03-01"),
    ]
    first = found["items"][0]
    assert (first["finding"], first["owner_name"], first["province_code"]) == (
        "advance-below-zero",
        "Sở Y tế",
        "96",
    )
    assert [(e["source_ref"], e["kind"], e["amount"], e["value_date"]) for e in first["events"]] == [
        ("2/5", "advance_recovery", 5, "2022-06-10")
    ]
    assert first["events_total"] == 1
    vietnamese, _, english = first["text"].partition(" / ")
    assert "âm 5 đồng từ ngày 10/06/2022" in vietnamese
    assert "VND 5 below zero since 2022-06-10" in english


def test_a_finding_is_that_of_the_day_it_is_asked_of(aggregation: Aggregation) -> None:
    def amounts(as_of: str) -> dict[str, tuple[int, str]]:
        items = get(aggregation.client, "/v1/findings", as_of=as_of)["items"]
        return {f["project_code"]: (f["amount"], f["since"]) for f in items}

    # The recovery of February is dated before its advance, and no finding any more once that is there.
    assert amounts("2022-02-14") == {"P1": (30, "2022-02-01"), "P2": (10, "2022-02-10")}
    assert amounts("2022-03-09") == {
        "P2": (10, "2022-02-10"),
        "P9": (9, "2022-03-01"),
        "Q1": (7, "2022-03-01"),
    }
    # At zero it is none.
    assert "P2" not in amounts("2022-05-31")


@pytest.mark.parametrize(
    ("unit", "query", "codes"),
    [
        ("", {}, ["P2", "P9", "Q1"]),
        ("", {"province": "96"}, ["P2"]),
        ("", {"owner": "O1"}, ["Q1"]),
        ("", {"project": "P9"}, ["P9"]),
        ("96", {}, ["P2"]),
        ("96", {"province": "49"}, []),
        ("96/O1", {}, []),
        ("96/O2", {}, ["P2"]),
        ("49", {"project": "P2"}, []),
    ],
)
def test_findings_and_accounts_are_those_of_the_unit(
    aggregation: Aggregation, unit: str, query: dict[str, str], codes: list[str]
) -> None:
    url = aggregation.settings.database_url.get_secret_value()
    client = client_of(aggregation.client.application, make_token(url, Scope.READ, unit=unit))
    assert [f["project_code"] for f in get(client, "/v1/findings", **query)["items"]] == codes
    for code, owner in {"P1": "96/O1", "P2": "96/O2", "Q1": "49/O1", "P9": "nobody's"}.items():
        answer = client.get(f"/v1/projects/{code}/accounts", query_string=AS_OF)
        assert answer.status_code == (200 if owner.startswith(unit) else 404)


def test_findings_are_paged_without_a_gap(aggregation: Aggregation) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = get(aggregation.client, "/v1/findings", limit=1, **cursor)
        seen += [f["project_code"] for f in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["P2", "P9", "Q1"]
    answer = aggregation.client.get("/v1/findings", query_string={"cursor": "nonsense"})
    assert answer.status_code == 422


def test_findings_are_counted_and_go_away_with_their_cause(aggregation: Aggregation) -> None:
    def counted(day: date) -> float | None:
        CountFindings(aggregation.settings, clock=Clock(day)).count()
        return REGISTRY.get_sample_value("giaingan_findings_open", {"finding": "advance-below-zero"})

    assert counted(date(2022, 6, 30)) == 3
    # Still open in January of the next year, and no more in February.
    assert counted(date(2023, 1, 31)) == 3
    assert counted(date(2023, 2, 1)) == 0
    late = facts.movement("4/0", 9, "2022-02-28", kind=ADVANCE, project_code="P9")
    aggregation.publish(late)
    aggregation.settle()
    assert counted(date(2022, 6, 30)) == 2
    aggregation.publish(facts.reversal("4/9", late))
    aggregation.settle()
    # A reversal of an advance takes from it as a recovery does.
    (found,) = get(aggregation.client, "/v1/findings", project="P9")["items"]
    assert (found["amount"], found["since"], found["events_total"]) == (9, "2022-03-01", 1)
