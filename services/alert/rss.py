"""The changes of alerts as RSS 2.0: an item each, since RSS knows no updates.

Pure: entries in, bytes out. For readers that look for what is newer than what they have, such as Power
Automate: no two items have one ``pubDate``, and a later one never has an earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as ET

from services.alert import phrases
from services.alert.feed_content import figures_table
from services.alert.feed_entries import FeedEntry
from services.alert.feeds import TITLE, clean
from services.alert.figures import Figures
from services.domain.alert_lifecycle import AlertTransition
from services.domain.lag_rules import RuleName
from services.runtime.fund_sources import FundSourceNames

RSS_TYPE = "application/rss+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_MINUTES = 5
_CORRECTING = frozenset({AlertTransition.UPDATED, AlertTransition.RESOLVED, AlertTransition.CANCELLED})

ET.register_namespace("atom", _ATOM)


@dataclass(frozen=True, slots=True)
class RssPage:
    """``self_url`` and ``next_url`` are of this feed, ``alerts_url`` is where alerts are read one by one."""

    entries: Sequence[FeedEntry]
    self_url: str
    next_url: str | None
    alerts_url: str
    built_at: datetime
    fund_sources: FundSourceNames


def rss(page: RssPage) -> bytes:
    """The page as an RSS document, newest item first."""
    document = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(document, "channel")
    _text(channel, "title", TITLE)
    _text(channel, "link", page.alerts_url)
    _text(
        channel,
        "description",
        "Từng thay đổi của cảnh báo, mới nhất trước / Each change of an alert, newest first",
    )
    _text(channel, "language", "vi")
    _text(channel, "lastBuildDate", _second(page.built_at))
    _text(channel, "generator", "giaingan")
    _text(channel, "docs", "https://www.rssboard.org/rss-specification")
    _text(channel, "ttl", str(_MINUTES))
    _link(channel, "self", page.self_url)
    if page.next_url:
        _link(channel, "next", page.next_url)
    for entry in page.entries:
        _item(channel, entry, page)
    found: bytes = ET.tostring(document, encoding="utf-8", xml_declaration=True)
    return found


def title(entry: FeedEntry) -> str:
    """What happened, to whom, by which rule, in both languages."""
    name = entry.figures["subject"]["name"]
    vi, en = (
        f"{phrases.TRANSITIONS[AlertTransition(entry.transition)][language]}: "
        f"{phrases.RULES[RuleName(entry.rule)][language]}"
        for language in ("vi", "en")
    )
    return f"{name} – {vi} / {en}"


def description(entry: FeedEntry, names: FundSourceNames) -> str:
    """A fragment of HTML, every text escaped: why, what it corrects, the figures."""
    return "".join(_paragraphs(entry)) + figures_table(Figures.model_validate(entry.figures), names)


def corrects(entry: FeedEntry) -> bool:
    """Whether it is about an earlier notice."""
    return entry.transition in _CORRECTING


def _paragraphs(entry: FeedEntry) -> Iterator[str]:
    yield f'<p lang="vi">{escape(entry.reason_vi)}</p><p lang="en">{escape(entry.reason_en)}</p>'
    for language, said in (("vi", entry.correction_vi), ("en", entry.correction_en)):
        if said and said not in (entry.reason_vi, entry.reason_en):
            yield f'<p lang="{language}">{escape(said)}</p>'
    if corrects(entry):
        yield f"<p>Về thông báo / About the notice: <code>{entry.raised_by.urn}</code></p>"
    if entry.caused_by:
        events = ", ".join(f"<code>{event_id}</code>" for event_id in entry.caused_by)
        yield f"<p>Bút toán đến muộn / Late events: {events}</p>"


def _item(channel: ET.Element, entry: FeedEntry, page: RssPage) -> None:
    item = ET.SubElement(channel, "item")
    _text(item, "title", title(entry))
    _text(item, "link", f"{page.alerts_url}/{entry.alert_id}")
    _text(item, "description", description(entry, page.fund_sources))
    for scheme in ("state", "severity", "rule", "transition"):
        category = ET.SubElement(item, "category", {"domain": f"urn:giaingan:{scheme}"})
        category.text = getattr(entry, scheme)
    guid = ET.SubElement(item, "guid", {"isPermaLink": "false"})
    guid.text = entry.change_id.urn
    _text(item, "pubDate", _second(entry.published_at))


def _second(moment: datetime) -> str:
    """RFC 822 with a year of four digits, as RSS asks for."""
    return format_datetime(moment.replace(microsecond=0))


def _link(channel: ET.Element, rel: str, href: str) -> None:
    ET.SubElement(channel, f"{{{_ATOM}}}link", {"rel": rel, "type": RSS_TYPE, "href": href})


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = clean(text)
