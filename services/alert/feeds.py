"""The alert feeds: Atom (RFC 4287, paged as RFC 5005) and JSON Feed 1.1.

Pure: alerts in, bytes out. The same alerts give the same bytes, so that an ETag can be taken of them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from services.alert.feed_content import content_html
from services.alert.http_models import AlertOut
from services.runtime.fund_sources import FundSourceNames

ATOM_TYPE = "application/atom+xml"
JSON_FEED_TYPE = "application/feed+json"
_ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Cảnh báo giải ngân vốn đầu tư công / Public-investment disbursement alerts"
_AUTHOR = "giaingan"

# Everything that XML 1.0 cannot hold, and no reader wants.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROL = re.compile("[\u007f-\u0084\u0086-\u009f]")


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of a feed. ``parameters`` are its filters as query parameters, ``page`` those of this page
    beyond them; ``unit`` is the reader's; ``set_up_at`` dates a feed without entries."""

    public_url: str
    parameters: Mapping[str, str]
    unit: str
    page: Mapping[str, str]
    alerts: Sequence[AlertOut]
    next_cursor: str | None
    set_up_at: datetime
    fund_sources: FundSourceNames

    @property
    def feed_id(self) -> str:
        """Stable: of the filters and the reader's unit, wherever the service stands and whichever page."""
        of = {**self.parameters, "unit": self.unit} if self.unit else self.parameters
        return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:giaingan:alerts?{urlencode(of)}").urn

    @property
    def updated(self) -> datetime:
        return max((alert.updated_at for alert in self.alerts), default=self.set_up_at)

    def url(self, path: str, *, cursor: str | None = None) -> str:
        """A path of ours with the feed's filters, for this page or the one at ``cursor``."""
        page = self.page if cursor is None else {**self.page, "cursor": cursor}
        query = urlencode({**self.parameters, **page})
        return f"{self.public_url.rstrip('/')}{path}" + (f"?{query}" if query else "")

    @property
    def alerts_url(self) -> str:
        """The same alerts as the API lists them, where no token is taken in an address."""
        page = {name: value for name, value in self.page.items() if name != "token"}
        query = urlencode({**self.parameters, **page})
        return f"{self.public_url.rstrip('/')}/v1/alerts" + (f"?{query}" if query else "")

    def alert_url(self, alert: AlertOut) -> str:
        return f"{self.public_url.rstrip('/')}/v1/alerts/{alert.alert_id}"


def atom(page: FeedPage) -> bytes:
    """The page as an Atom document."""
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "vi"})
    _text(feed, "id", page.feed_id)
    _text(feed, "title", TITLE)
    _text(feed, "updated", _instant(page.updated))
    _author(feed)
    _text(feed, "generator", "giaingan")
    _link(feed, "self", page.url("/feeds/alerts.atom"), ATOM_TYPE)
    _link(feed, "alternate", page.alerts_url, "application/json")
    _link(feed, "alternate", page.url("/feeds/alerts.json"), JSON_FEED_TYPE)
    if page.next_cursor:
        _link(feed, "next", page.url("/feeds/alerts.atom", cursor=page.next_cursor), ATOM_TYPE)
    for alert in page.alerts:
        _entry(feed, page, alert)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(page: FeedPage) -> bytes:
    """The page as a JSON Feed."""
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "home_page_url": page.alerts_url,
        "feed_url": page.url("/feeds/alerts.json"),
        "language": "vi",
        "authors": [{"name": _AUTHOR}],
        "items": [_item(page, alert) for alert in page.alerts],
    }
    if page.next_cursor:
        feed["next_url"] = page.url("/feeds/alerts.json", cursor=page.next_cursor)
    return json.dumps(feed, ensure_ascii=False).encode()


def clean(text: str) -> str:
    """Without the control characters that XML forbids and screens choke on."""
    return _CONTROL.sub("", _NOT_XML.sub("", text))


def _entry(feed: ET.Element, page: FeedPage, alert: AlertOut) -> None:
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", alert.alert_id.urn)
    _text(entry, "title", _title(alert))
    _text(entry, "updated", _instant(alert.updated_at))
    _text(entry, "published", _instant(alert.opened_at))
    _author(entry)
    _link(entry, "alternate", page.alert_url(alert), "application/json")
    for event_id in alert.caused_by:
        # What the entry corrects was told before those events came.
        ET.SubElement(entry, "link", {"rel": "related", "href": event_id.urn})
    for scheme, term in _categories(alert).items():
        ET.SubElement(entry, "category", {"scheme": f"urn:giaingan:{scheme}", "term": term})
    _text(entry, "summary", _summary(alert))
    content = ET.SubElement(entry, "content", {"type": "html"})
    content.text = clean(content_html(alert, page.fund_sources))


def _item(page: FeedPage, alert: AlertOut) -> dict[str, object]:
    return {
        "id": alert.alert_id.urn,
        "url": page.alert_url(alert),
        "title": clean(_title(alert)),
        "summary": clean(_summary(alert)),
        "content_html": clean(content_html(alert, page.fund_sources)),
        "date_published": _instant(alert.opened_at),
        "date_modified": _instant(alert.updated_at),
        "authors": [{"name": _AUTHOR}],
        "tags": [f"{scheme}:{term}" for scheme, term in _categories(alert).items()],
    }


def _title(alert: AlertOut) -> str:
    return f"{alert.title_vi} / {alert.title_en}"


def _summary(alert: AlertOut) -> str:
    return f"{alert.reason_vi} / {alert.reason_en}"


def _categories(alert: AlertOut) -> dict[str, str]:
    stage = {"stage": alert.handling.stage.value} if alert.handling else {}
    return {
        "state": alert.state.value,
        "severity": alert.severity.value,
        "rule": alert.rule.value,
        "transition": alert.transition.value,
        "subject-type": alert.finding.subject.type.value,
        **stage,
    }


def _instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _author(parent: ET.Element) -> None:
    _text(ET.SubElement(parent, "author"), "name", _AUTHOR)


def _link(parent: ET.Element, rel: str, href: str, media_type: str) -> None:
    ET.SubElement(parent, "link", {"rel": rel, "type": media_type, "href": href})


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = clean(text)
