"""What followers read, on real rows: RSS, JSON Feed, tables, and tokens that stand in an address."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema_rs
import openpyxl
import pytest
from flask.testing import FlaskClient
from lxml import etree
from psycopg2.extras import execute_values
from werkzeug.http import http_date

from deploy.embedded import servers
from services.alert.alert_table import COLUMNS
from services.alert.feed_entries import NumberChanges
from services.runtime import cursor as paging
from services.runtime.access import Scope, tokens
from services.runtime.postgres import Pool, connect, transaction
from tests.integration.test_alert_handling import project
from tests.support import ca_mau
from tests.support.access import make_token
from tests.support.alerting import Desk, migrated
from tests.support.logins import execute

CONTRACT = Path(__file__).parents[1] / "contract"
RSS = etree.RelaxNG(etree.parse(CONTRACT / "rss.rng"))
JSON_FEED = jsonschema_rs.validator_for(json.loads((CONTRACT / "json_feed.schema.json").read_text("utf-8")))
PUBLIC = "https://alerts.example.vn"
PAID: dict[str, Any] = {"disbursed": 1_500_000_000_000, "version": 2}


def filled(database_url: str) -> Desk:
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(ca_mau.province())
    for number in range(4):
        desk.judge(project(f"P{number}", owner=f"O{number % 2}"))
    desk.judge(project("P0", owner="O0", **PAID))
    return desk


@pytest.fixture(scope="module")
def desk(postgres_server: str) -> Desk:
    return filled(servers.create_database(postgres_server, f"test_{uuid4().hex[:12]}"))


@pytest.fixture(scope="module")
def client(desk: Desk) -> FlaskClient:
    return desk.client()


def items_of(content: bytes) -> list[Any]:
    root = etree.fromstring(content)
    RSS.assertValid(root)
    return list(root.iter("item"))


def next_of(page: Any) -> str:
    """The path of the next page; empty on the last."""
    link = page.find("channel/{http://www.w3.org/2005/Atom}link[@rel='next']")
    return "" if link is None else str(link.get("href")).removeprefix(PUBLIC)


# --- RSS -------------------------------------------------------------------------------------------


def test_rss_has_an_item_a_change_newest_first_under_the_changes_id(desk: Desk, client: FlaskClient) -> None:
    answer = client.get("/feeds/alerts.rss")
    assert answer.content_type == "application/rss+xml; charset=utf-8"
    found = items_of(answer.data)
    ids = desk.rows("SELECT change_id FROM alert.outbox ORDER BY id DESC")
    assert [item.findtext("guid") for item in found] == [f"urn:uuid:{change_id}" for (change_id,) in ids]
    assert found[0].findtext("title").endswith("hết cảnh báo: chậm so với mục tiêu / resolved: behind target")
    raised = desk.rows(
        "SELECT change_id FROM alert.alert_change JOIN alert.alert AS a ON a.id = alert_id"
        " WHERE subject_code = 'P0' AND transition = 'opened' AND a.rule = 'behind_target'"
    )
    assert f"<code>urn:uuid:{raised[0][0]}</code>" in found[0].findtext("description")


def test_no_two_items_have_one_second_and_a_later_one_is_never_earlier(client: FlaskClient) -> None:
    dates = [
        parsedate_to_datetime(item.findtext("pubDate"))
        for item in items_of(client.get("/feeds/alerts.rss").data)
    ]
    assert len(dates) == len(set(dates)) > 5
    assert dates == sorted(dates, reverse=True)


def test_pages_of_rss_hold_every_item_once(client: FlaskClient) -> None:
    found: list[Any] = []
    url = "/feeds/alerts.rss?limit=2"
    while url:
        page = etree.fromstring(client.get(url).data)
        found += [item.findtext("guid") for item in page.iter("item")]
        url = next_of(page)
    assert found == [item.findtext("guid") for item in items_of(client.get("/feeds/alerts.rss").data)]


def test_a_cursor_that_no_row_can_have_is_refused(client: FlaskClient) -> None:
    """PostgreSQL takes neither; it would be asked, and fail."""
    for path, key in (
        ("/feeds/alerts.rss", (2**63,)),
        ("/feeds/alerts.rss", (-(2**63) - 1,)),
        ("/v1/quarantine", ("\0", 0, 0)),
        ("/v1/quarantine", ("x", 2**63, 0)),
    ):
        refused = client.get(f"{path}?cursor={paging.encode(key)}")
        assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (422, "bad-cursor")
    assert client.get(f"/feeds/alerts.rss?cursor={paging.encode((2**63 - 1,))}").status_code == 200


def test_rss_is_filtered_and_bound_to_the_unit(desk: Desk, client: FlaskClient) -> None:
    def subjects(reader: FlaskClient, query: str = "") -> set[str]:
        found = items_of(reader.get(f"/feeds/alerts.rss{query}").data)
        return {item.findtext("title").partition(" – ")[0] for item in found}

    assert subjects(client, "?owner=O1") == {"Dự án P1", "Dự án P3"}
    assert subjects(client, "?state=resolved&rule=behind_target") == {"Dự án P0"}
    assert subjects(desk.client(Scope.READ, unit="96/O1")) == {"Dự án P1", "Dự án P3"}


def test_an_empty_rss_feed_is_valid(database_url: str) -> None:
    migrated(database_url)
    assert items_of(Desk(database_url).client().get("/feeds/alerts.rss").data) == []


def test_a_storm_within_one_second_gets_a_second_each_and_what_follows_comes_after(database_url: str) -> None:
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(*(project(f"S{number}") for number in range(30)))
    desk.judge(project("after"))
    rows = desk.rows("SELECT entry_no, published_at FROM alert.feed_entry ORDER BY entry_no")
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(rows)]
    assert min(gaps) >= timedelta(seconds=1)
    assert rows[0][1] <= datetime.now(UTC)
    # Once the clock has come past the storm's dates an entry has its own second again.
    execute(database_url, "ALTER TABLE alert.feed_entry DISABLE TRIGGER append_only")
    execute(database_url, "UPDATE alert.feed_entry SET published_at = published_at - interval '1 hour'")
    desk.judge(project("later"))
    ((last,),) = desk.rows("SELECT max(published_at) FROM alert.feed_entry")
    assert abs(last - datetime.now(UTC)) < timedelta(seconds=30)


def test_a_change_that_commits_late_is_numbered_after_what_was_read(database_url: str) -> None:
    """Its place in the outbox is earlier; who has read on would never see it there."""
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(project("P1"))
    pool = Pool(database_url, application="test", size=2)
    numbering = NumberChanges(pool)
    late = connect(database_url, application="test-late")
    with late.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alert.outbox (change_id) SELECT change_id FROM alert.alert_change LIMIT 0"
        )
        execute_values(cursor, _COPY_CHANGE, [("00000000-0000-0000-0000-000000000001", 90)])
        cursor.execute("INSERT INTO alert.outbox (change_id) VALUES ('00000000-0000-0000-0000-000000000001')")
    desk.judge(project("P2"))
    before = desk.rows("SELECT max(entry_no) FROM alert.feed_entry")[0][0]
    late.commit()
    late.close()
    assert numbering.number() == 1
    assert numbering.number() == 0
    assert desk.rows(
        "SELECT entry_no FROM alert.feed_entry WHERE change_id = '00000000-0000-0000-0000-000000000001'"
    ) == [(before + 1,)]


_COPY_CHANGE = """
INSERT INTO alert.alert_change
       (change_id, alert_id, sequence, transition, severity, rule_version, as_of, digest, figures, reason_vi,
        reason_en, topic_id, partition, record_offset)
SELECT v.id::uuid, alert_id, v.sequence, 'updated', severity, rule_version, as_of, digest, figures, reason_vi,
       reason_en, topic_id, partition, record_offset
  FROM (SELECT * FROM alert.alert_change LIMIT 1) AS c CROSS JOIN (VALUES %s) AS v (id, sequence)
"""


def test_while_one_gives_numbers_no_other_does(database_url: str) -> None:
    """Two at once would take different changes and give them the same numbers."""
    migrated(database_url)
    desk = Desk(database_url)
    first = connect(database_url, application="test-first")
    with first.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('giaingan-alert-feed'))")
    desk.judge(*(project(f"S{number}") for number in range(3)))
    assert desk.rows("SELECT count(*) FROM alert.feed_entry") == [(0,)]
    first.rollback()
    first.close()
    waiting = desk.rows("SELECT count(*) FROM alert.feed_unnumbered")[0][0]
    assert NumberChanges(Pool(database_url, application="test", size=1)).number() == waiting > 0


# --- JSON Feed, conditional requests ---------------------------------------------------------------


def test_the_json_feed_keeps_to_its_schema(client: FlaskClient) -> None:
    for query in ("", "?limit=2", "?state=cancelled"):
        JSON_FEED.validate(json.loads(client.get(f"/feeds/alerts.json{query}").data))
    wrong = json.loads(client.get("/feeds/alerts.json").data) | {"version": "1"}
    assert not JSON_FEED.is_valid(wrong)


def test_who_asks_since_when_is_told_only_of_what_is_newer(database_url: str) -> None:
    path = "/feeds/alerts.rss"
    desk = filled(database_url)
    client = desk.client()
    assert "Last-Modified" not in client.get(path).headers
    execute(database_url, "ALTER TABLE alert.feed_entry DISABLE TRIGGER append_only")
    execute(database_url, "UPDATE alert.feed_entry SET published_at = published_at - interval '1 hour'")
    first = client.get(path)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get(path, headers=since).status_code == 304
    desk.judge(project("P9"))
    assert client.get(path, headers=since).status_code == 200


@pytest.mark.parametrize("path", ["/feeds/alerts.atom", "/feeds/alerts.json"])
def test_what_commits_late_is_not_held_to_be_known_by_its_date(database_url: str, path: str) -> None:
    """An alert has the date of when its transaction began: by then a reader had a later one already."""
    desk = filled(database_url)
    client = desk.client()
    execute(database_url, "UPDATE alert.alert SET updated_at = updated_at - interval '1 hour'")
    read = client.get(path)
    since = read.headers.get("Last-Modified") or http_date(datetime.now(UTC))
    execute(
        database_url,
        "UPDATE alert.alert SET reason_en = 'late', updated_at = updated_at - interval '1 minute'"
        " WHERE subject_code = 'P1'",
    )
    again = client.get(path, headers={"If-Modified-Since": since})
    assert again.status_code == 200
    assert client.get(path, headers={"If-None-Match": again.headers["ETag"]}).status_code == 304


# --- stream ----------------------------------------------------------------------------------------


def events_of(answer: Any, *, most: int) -> list[dict[str, Any]]:
    """The first events of a stream, each with its id and type beside its JSON."""
    found = []
    for part in answer.response:
        fields = dict(line.split(": ", 1) for line in part.decode().strip().split("\n"))
        if "data" in fields:
            found.append({**json.loads(fields["data"]), "id": int(fields["id"]), "type": fields["event"]})
        if len(found) >= most:
            break
    answer.close()
    return found


def test_a_stream_tells_what_comes_and_is_taken_up_where_it_ended(database_url: str) -> None:
    desk = filled(database_url)
    client = desk.client()
    ids = [
        change_id for (change_id,) in desk.rows("SELECT change_id FROM alert.feed_entry ORDER BY entry_no")
    ]
    first = events_of(client.get("/feeds/alerts.stream?last_event_id=0"), most=3)
    assert [each["change_id"] for each in first] == [str(change_id) for change_id in ids[:3]]
    last = first[-1]["id"]
    rest = events_of(
        client.get("/feeds/alerts.stream", headers={"Last-Event-ID": str(last)}), most=len(ids) - 3
    )
    assert [each["change_id"] for each in rest] == [str(change_id) for change_id in ids[3:]]
    resolved = next(each for each in rest if each["type"] == "resolved")
    opened = next(each for each in first + rest if each["alert_id"] == resolved["alert_id"])
    assert resolved["corrects"] == opened["change_id"]
    assert opened["corrects"] is None

    fresh = client.get("/feeds/alerts.stream?owner=O7", buffered=False)
    desk.judge(project("other"), project("P7", owner="O7"))
    told = events_of(fresh, most=1)
    assert [(each["subject"]["code"], each["type"]) for each in told] == [("P7", "opened")]


def test_who_finds_no_place_gets_what_there_is_and_comes_again_later(desk: Desk) -> None:
    client = desk.client(max_streams=1)
    waiting = client.get("/feeds/alerts.stream", buffered=False)
    poll = client.get("/feeds/alerts.stream?last_event_id=0")
    assert poll.data.startswith(b"retry: 15000\n\n")
    assert poll.data.count(b"\nevent: ") == desk.rows("SELECT count(*) FROM alert.feed_entry")[0][0]
    waiting.close()
    again = client.get("/feeds/alerts.stream", buffered=False)
    assert next(iter(again.response)) == b"retry: 2000\n\n"
    again.close()


@pytest.mark.parametrize("number", ["x", "-1", "9" * 19])
def test_a_number_that_is_none_is_refused(client: FlaskClient, number: str) -> None:
    assert client.get(f"/feeds/alerts.stream?last_event_id={number}").status_code == 422
    answer = client.get("/feeds/alerts.stream", headers={"Last-Event-ID": number})
    assert answer.status_code == 422


# --- tables ----------------------------------------------------------------------------------------


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_tables_hold_every_alert_as_the_api_tells_it(desk: Desk, client: FlaskClient) -> None:
    listed = client.get("/v1/alerts?limit=500").get_json()["items"]
    lines = rows_of_csv(client.get("/v1/alerts.csv").data)
    book = openpyxl.load_workbook(io.BytesIO(client.get("/v1/alerts.xlsx").data))
    cells = list(book["Cảnh báo"].iter_rows(values_only=True))
    assert list(cells[0]) == [column.header for column in COLUMNS] == list(lines[0])
    assert len(lines) == len(cells) - 1 == len(listed)
    for item, line, row in zip(listed, lines, cells[1:], strict=True):
        sheet = dict(zip(cells[0], row, strict=True))
        assert line["Mã cảnh báo / Alert"] == sheet["Mã cảnh báo / Alert"] == item["alert_id"]
        assert int(line["Đã giải ngân / Disbursed"]) == sheet["Đã giải ngân / Disbursed"]
        assert sheet["Đã giải ngân / Disbursed"] == item["finding"]["disbursed"]
        assert sheet["Đến ngày / As of"].date().isoformat() == line["Đến ngày / As of"] == item["as_of"]
        assert sheet["Nội dung / Reason (vi)"] == line["Nội dung / Reason (vi)"] == item["reason_vi"]
        opened = datetime.fromisoformat(line["Mở lúc / Opened at"])
        assert opened == datetime.fromisoformat(item["opened_at"]).replace(microsecond=0)
    assert {line["Trạng thái / State"] for line in lines} == {"đang mở", "đã hết"}


def test_a_table_is_filtered_named_and_bound_to_the_unit(desk: Desk, client: FlaskClient) -> None:
    answer = client.get("/v1/alerts.csv?state=open&owner=O1")
    assert {line["Mã / Code"] for line in rows_of_csv(answer.data)} == {"P1", "P3"}
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="canh-bao-')
    own = desk.client(Scope.READ, unit="96/O1").get("/v1/alerts.csv")
    assert {line["Mã đơn vị / Unit code"] for line in rows_of_csv(own.data)} == {"O1"}
    assert client.get("/v1/alerts.xlsx?severty=x").status_code == 422


def test_no_text_of_a_table_is_a_formula(database_url: str) -> None:
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(project('=HYPERLINK("http://x")'))
    client = desk.client()
    assert rows_of_csv(client.get("/v1/alerts.csv").data)[0]["Mã / Code"].startswith("'=")
    book = openpyxl.load_workbook(io.BytesIO(client.get("/v1/alerts.xlsx").data))
    assert '\'=HYPERLINK("http://x")' in [cell.value for row in book.active.iter_rows() for cell in row]
    kinds = {cell.data_type for row in book.active.iter_rows() for cell in row}
    assert "f" not in kinds


def test_a_table_that_would_be_too_long_is_refused(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.alert.alert_table.MOST_ALERTS", 3)
    answer = client.get("/v1/alerts.csv")
    assert (answer.status_code, answer.get_json()["type"]) == (413, "urn:giaingan:problem:too-many-rows")
    assert client.get("/v1/alerts.csv?state=resolved").status_code == 200


# --- tokens in an address --------------------------------------------------------------------------


FOLLOWED = [
    "/feeds/alerts.atom",
    "/feeds/alerts.json",
    "/feeds/alerts.rss",
    "/v1/alerts.csv",
    "/v1/alerts.xlsx",
]


@pytest.mark.parametrize("path", FOLLOWED)
def test_a_feeds_token_may_stand_in_the_address_and_can_be_revoked(desk: Desk, path: str) -> None:
    anonymous = desk.api().app.test_client()
    secret = make_token(desk.database_url, Scope.FEED, unit="96/O1")
    assert anonymous.get(path).status_code == 401
    address = f"{path}{'&' if '?' in path else '?'}token={secret}"
    answer = anonymous.get(address)
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    connection = connect(desk.database_url, application="test")
    with transaction(connection) as cursor:
        token = tokens.find(cursor, secret)
        assert token is not None
        tokens.revoke(cursor, token.token_id, revoked_by="test")
    connection.close()
    answer.close()
    refused = anonymous.get(address)
    assert (refused.status_code, refused.get_json()["type"]) == (401, "urn:giaingan:problem:token-revoked")


@pytest.mark.parametrize("scopes", [(Scope.READ,), (Scope.ADMIN,), (Scope.FEED, Scope.READ)])
def test_a_token_that_may_more_than_read_feeds_is_refused_in_an_address(
    desk: Desk, scopes: tuple[Scope, ...]
) -> None:
    anonymous = desk.api().app.test_client()
    secret = make_token(desk.database_url, *scopes)
    refused = anonymous.get(f"/feeds/alerts.rss?token={secret}")
    assert (refused.status_code, refused.get_json()["type"]) == (401, "urn:giaingan:problem:token-in-url")


def test_a_feeds_token_reads_feeds_and_nothing_else_and_not_in_other_addresses(desk: Desk) -> None:
    anonymous, secret = desk.api().app.test_client(), make_token(desk.database_url, Scope.FEED)
    sent = {"Authorization": f"Bearer {secret}"}
    assert anonymous.get("/feeds/alerts.rss", headers=sent).status_code == 200
    assert anonymous.get("/v1/alerts", headers=sent).status_code == 403
    assert anonymous.get(f"/v1/alerts?token={secret}").status_code == 401
    wrong = anonymous.get(f"/feeds/alerts.rss?token=ggn_{'x' * 43}")
    assert wrong.get_json()["type"] == "urn:giaingan:problem:token-unknown"


def test_links_of_a_feed_keep_the_token_that_asked_for_it(desk: Desk) -> None:
    anonymous, secret = desk.api().app.test_client(), make_token(desk.database_url, Scope.FEED)
    page = etree.fromstring(anonymous.get(f"/feeds/alerts.rss?limit=2&token={secret}").data)
    assert "token=ggn_" in next_of(page)
    assert anonymous.get(next_of(page)).status_code == 200
    feed = anonymous.get(f"/feeds/alerts.json?limit=2&token={secret}").get_json()
    assert anonymous.get(feed["next_url"].removeprefix(PUBLIC)).status_code == 200
    # The API's own list takes no token in an address: no use to write it there.
    assert feed["home_page_url"] == f"{PUBLIC}/v1/alerts?limit=2"
