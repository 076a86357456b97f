"""The Atom feed against RFC 4287: its RELAX NG schema, and what the schema cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from services.alert.feeds import FeedPage, atom
from services.alert.http_models import AlertOut
from tests.support.alert_examples import ca_mau_alert
from tests.support.alerting import FUND_SOURCES

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "atom.rng"))
ATOM = {"a": "http://www.w3.org/2005/Atom"}
SET_UP_AT = datetime(2022, 1, 1, tzinfo=UTC)


def page(alerts: Sequence[AlertOut], next_cursor: str | None = None) -> FeedPage:
    return FeedPage(
        public_url="https://alerts.example.vn/",
        parameters={"province": "96", "state": "open"},
        unit="",
        page={"limit": "2"},
        alerts=alerts,
        next_cursor=next_cursor,
        set_up_at=SET_UP_AT,
        fund_sources=FUND_SOURCES,
    )


def parsed(document: bytes) -> etree._Element:
    root = etree.fromstring(document)
    SCHEMA.assertValid(root)
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=ATOM)
    assert isinstance(found, list)
    return [str(text) for text in found]


def test_a_feed_with_an_alert_is_valid() -> None:
    root = parsed(atom(page([ca_mau_alert()], next_cursor="abc")))
    assert texts(root, "a:entry/a:id/text()") == [f"urn:uuid:{ca_mau_alert().alert_id}"]
    assert texts(root, "a:entry/a:author/a:name/text()") == ["giaingan"]
    assert texts(root, "a:entry/a:category/@term") == [
        *("open", "warning", "behind_target", "updated", "province")
    ]
    assert texts(root, "a:entry/a:updated/text()") == ["2022-06-02T01:00:00Z"]
    assert texts(root, "a:entry/a:published/text()") == ["2022-06-01T01:00:00Z"]
    (title,) = texts(root, "a:entry/a:title/text()")
    assert title == (
        "Cà Mau: giải ngân 34,0\u00a0%, mục tiêu của tỉnh 40,0\u00a0% / "
        "Cà Mau: 34.0% disbursed, the province's target 40.0%"
    )


def test_a_feed_without_an_alert_is_valid_and_stands_still() -> None:
    root = parsed(atom(page([])))
    assert texts(root, "a:updated/text()") == ["2022-01-01T00:00:00Z"]
    assert atom(page([])) == atom(page([]))


def test_links_lead_back_with_the_filters_of_the_feed() -> None:
    root = parsed(atom(page([ca_mau_alert()], next_cursor="abc")))
    base = "https://alerts.example.vn"
    query = "province=96&state=open&limit=2"
    assert texts(root, "a:link[@rel='self']/@href") == [f"{base}/feeds/alerts.atom?{query}"]
    assert texts(root, "a:link[@rel='next']/@href") == [f"{base}/feeds/alerts.atom?{query}&cursor=abc"]
    assert texts(root, "a:link[@rel='alternate']/@href") == [
        f"{base}/v1/alerts?{query}",
        f"{base}/feeds/alerts.json?{query}",
    ]
    assert texts(root, "a:entry/a:link/@href") == [f"{base}/v1/alerts/{ca_mau_alert().alert_id}"]


def test_one_alternate_of_a_type() -> None:
    """RFC 4287, 4.1.1: no two alternate links of the same type and language."""
    types = texts(parsed(atom(page([]))), "a:link[@rel='alternate']/@type")
    assert len(types) == len(set(types))


def test_the_feeds_id_is_of_its_filters_alone() -> None:
    here = page([])
    elsewhere = replace(here, public_url="https://other.example", page={"cursor": "x"})
    others = replace(here, parameters={"province": "49"})
    assert here.feed_id == elsewhere.feed_id
    assert here.feed_id != others.feed_id
    assert here.feed_id.startswith("urn:uuid:")


# NUL, bell, escape, vertical tab, not-a-character, C1 control.
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x0b", "\ufffe", "\x9b"])
def test_control_characters_are_stripped(character: str) -> None:
    alert = ca_mau_alert().model_copy(update={"title_vi": f"Cà{character} Mau", "reason_vi": character})
    document = atom(page([alert]))
    assert character not in document.decode()
    (title,) = texts(parsed(document), "a:entry/a:title/text()")
    assert title.startswith("Cà Mau / ")


def test_markup_in_a_name_stays_text() -> None:
    alert = ca_mau_alert().model_copy(update={"reason_vi": '<script>alert(1)</script> & "x"'})
    root = parsed(atom(page([alert])))
    (content,) = texts(root, "a:entry/a:content/text()")
    assert "<script" not in content
    assert "&lt;script&gt;" in content


def test_the_content_has_both_languages_and_the_figures() -> None:
    root = parsed(atom(page([ca_mau_alert()])))
    (content,) = texts(root, "a:entry/a:content/text()")
    fragment = etree.fromstring(f"<div>{content}</div>")
    assert texts(fragment, "p/@lang") == ["vi", "en"]
    cells = [cell.replace("\u00a0", " ") for cell in texts(fragment, "table[1]//td/text()")]
    assert cells[:5] == ["cảnh báo / warning", "31/05/2022", "3.551,0 tỷ đồng", "1.207,2 tỷ đồng", "34,0 %"]
    # A province answers for itself.
    assert cells[5:] == ["Cà Mau", "–"]
    months = texts(fragment, "table[2]//tr/td[4]/text()")
    assert months[0] == "\u22120,6"
    assert months[1].startswith("+")
    baselines = texts(fragment, "table[2]//tr/td[1]/text()")
    assert [name.split(" / ")[1] for name in baselines] == [
        "the province's target",
        "the national level of 2022",
        "the national level at that date of the previous year (2021)",
    ]


def test_the_figures_call_a_fund_source_by_its_name() -> None:
    alert = ca_mau_alert()
    finding = alert.finding.model_copy(update={"excess": 30, "over_fund_source": "local.lottery"})
    document = atom(page([alert.model_copy(update={"finding": finding})])).decode()
    assert "NSĐP xổ số kiến thiết / Local budget, lottery revenue" in document
    assert "local.lottery" not in document


def test_the_schema_refuses_what_is_no_feed() -> None:
    """A check that cannot fail checks nothing."""
    root = etree.fromstring(atom(page([ca_mau_alert()])))
    entry = root.find("a:entry", ATOM)
    assert entry is not None
    entry.remove(entry[0])
    assert not SCHEMA.validate(root)


def test_entries_have_ids_of_their_own() -> None:
    other = ca_mau_alert().model_copy(update={"alert_id": UUID(int=7)})
    ids = texts(parsed(atom(page([ca_mau_alert(), other]))), "a:entry/a:id/text()")
    assert len(set(ids)) == 2
