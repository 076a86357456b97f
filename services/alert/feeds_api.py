"""Alerts for whoever follows them: feeds, tables for a spreadsheet, a stream of changes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.wsgi import wrap_file

from services.alert import alert_queries, alert_table, change_stream, feed_entries, feeds, rss
from services.alert.alert_queries import AlertRow, Page, Position, columns_of
from services.alert.change_stream import ChangeStreams, Followed
from services.alert.http_models import (
    AlertFilter,
    AlertOut,
    AlertQuery,
    FeedQuery,
    HandlingOut,
    StreamQuery,
    TableQuery,
)
from services.runtime import cursor as paging
from services.runtime.access import Scope, Unit, caller
from services.runtime.api import Api
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.errors import ProblemError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor, Pool

HandlingOf = Callable[[AlertRow], HandlingOut | None]
_FOLLOWERS = (Scope.READ, Scope.FEED)
_EVENTS_AT_ONCE = 200
_NUMBER = re.compile(r"[0-9]{1,18}")
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The number of the last event received; a browser sends it by itself. Empty: as without.",
    "schema": {"type": "string", "pattern": "^[0-9]{0,18}$"},
}
# What changed within the second that Last-Modified names could change again within it.
_SETTLED = timedelta(seconds=2)


def page_of(pool: Pool, query: AlertQuery, unit: Unit) -> Page:
    """A page of alerts. Raises ``ProblemError`` for a cursor that is none of ours."""
    key = paging.decode(query.cursor, (int, str))
    try:
        after = Position.of(key) if key else None
    except (ValueError, OverflowError):
        raise paging.refused(query.cursor or "") from None
    with pool.transaction() as cursor:
        return alert_queries.page(
            cursor, filters=query.columns(), within=columns_of(unit), limit=query.limit, after=after
        )


class FeedsApi:
    """The routes for followers; a token that is bound to a unit follows that unit."""

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        fund_sources: FundSourceNames,
        handling_of: HandlingOf,
        *,
        clock: Clock,
    ) -> None:
        self._public_url = settings.public_url.rstrip("/")
        self._pool = pool
        self._fund_sources = fund_sources
        self._handling_of = handling_of
        self._clock = clock
        self._streams = ChangeStreams(pool, most=settings.max_streams)

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "GET",
            "/feeds/alerts.atom",
            summary="Alerts as an Atom feed (RFC 4287).",
            query=FeedQuery,
            media_type=feeds.ATOM_TYPE,
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(503,),
        )(self.atom_feed)
        api.route(
            "GET",
            "/feeds/alerts.json",
            summary="Alerts as a JSON Feed (version 1.1).",
            query=FeedQuery,
            media_type=feeds.JSON_FEED_TYPE,
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(503,),
        )(self.json_feed)
        api.route(
            "GET",
            "/feeds/alerts.rss",
            summary="Each change of an alert as an item of an RSS 2.0 feed.",
            query=FeedQuery,
            media_type=rss.RSS_TYPE,
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(503,),
        )(self.rss_feed)
        api.route(
            "GET",
            "/feeds/alerts.stream",
            summary="Changes of alerts as they come (server-sent events), resumed by Last-Event-ID.",
            query=StreamQuery,
            headers=(_LAST_EVENT_ID,),
            media_type=change_stream.EVENT_STREAM,
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(503,),
        )(self.stream)
        api.route(
            "GET",
            "/v1/alerts.csv",
            summary="Alerts as a table (CSV, UTF-8).",
            query=TableQuery,
            media_type=alert_table.CSV_TYPE,
            slots="imports",
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(413, 503),
        )(self.csv_table)
        api.route(
            "GET",
            "/v1/alerts.xlsx",
            summary="Alerts as a table (XLSX).",
            query=TableQuery,
            media_type=alert_table.XLSX_TYPE,
            slots="imports",
            scopes=_FOLLOWERS,
            token_in_url=True,
            problems=(413, 503),
        )(self.xlsx_table)

    # --- feeds -------------------------------------------------------------------------------

    def atom_feed(self, query: FeedQuery) -> Response:
        page = self._feed_page(query)
        return _conditional(feeds.atom(page), f"{feeds.ATOM_TYPE}; charset=utf-8")

    def json_feed(self, query: FeedQuery) -> Response:
        page = self._feed_page(query)
        return _conditional(feeds.json_feed(page), feeds.JSON_FEED_TYPE)

    def rss_feed(self, query: FeedQuery) -> Response:
        key = paging.decode(query.cursor, (int,))
        with self._pool.transaction() as cursor:
            wanted = feed_entries.Wanted(query.columns(), columns_of(caller().unit), query.limit + 1)
            found = feed_entries.newest(cursor, wanted, before=int(key[0]) if key else None)
            set_up_at = alert_queries.set_up_at(cursor)
        entries = found[: query.limit]
        next_cursor = paging.encode((entries[-1].entry_no,)) if len(found) > query.limit else None
        built_at = entries[0].published_at if entries else set_up_at
        page = rss.RssPage(
            entries=entries,
            self_url=self._rss_url(query),
            next_url=self._rss_url(query, next_cursor) if next_cursor else None,
            alerts_url=f"{self._public_url}/v1/alerts",
            built_at=built_at,
            fund_sources=self._fund_sources,
        )
        return _conditional(rss.rss(page), f"{rss.RSS_TYPE}; charset=utf-8", built_at)

    def _feed_page(self, query: FeedQuery) -> feeds.FeedPage:
        page = page_of(self._pool, query, caller().unit)
        with self._pool.transaction() as cursor:
            set_up_at = alert_queries.set_up_at(cursor)
        return feeds.FeedPage(
            public_url=self._public_url,
            parameters=query.parameters(),
            unit=caller().unit.code,
            page=_of_this_page(),
            alerts=[AlertOut.of(row, self._handling_of(row)) for row in page.alerts],
            next_cursor=page.next_cursor,
            set_up_at=set_up_at,
            fund_sources=self._fund_sources,
        )

    def _rss_url(self, query: FeedQuery, cursor: str | None = None) -> str:
        page = _of_this_page() | ({"cursor": cursor} if cursor else {})
        asked = urlencode({**query.parameters(), **page})
        return f"{self._public_url}/feeds/alerts.rss" + (f"?{asked}" if asked else "")

    # --- stream ------------------------------------------------------------------------------

    def stream(self, query: StreamQuery) -> Response:
        number = self._number(query)
        wanted = feed_entries.Wanted(query.columns(), columns_of(caller().unit), _EVENTS_AT_ONCE)
        followed = Followed(wanted, number, f"{self._public_url}/v1/alerts")
        waits = self._streams.take_place()
        answer = Response(
            self._streams.events(followed, waits=waits), content_type=change_stream.EVENT_STREAM
        )
        if waits:
            answer.call_on_close(self._streams.give_back)
        _private(answer)
        # A proxy in between passes each event on at once (nginx).
        answer.headers["X-Accel-Buffering"] = "no"
        return answer

    def _number(self, query: StreamQuery) -> int:
        """After which event to go on; a new client is told what comes from now on."""
        sent = request.headers.get("Last-Event-ID") or query.last_event_id
        if sent is None:
            with self._pool.transaction() as cursor:
                return feed_entries.last_number(cursor)
        if not _NUMBER.fullmatch(sent):
            raise paging.refused(sent)
        return int(sent)

    # --- tables ------------------------------------------------------------------------------

    def csv_table(self, query: TableQuery) -> Response:
        return self._table(query, alert_table.write_csv, f"{alert_table.CSV_TYPE}; charset=utf-8", "csv")

    def xlsx_table(self, query: TableQuery) -> Response:
        return self._table(query, alert_table.write_xlsx, alert_table.XLSX_TYPE, "xlsx")

    def _table(
        self,
        query: AlertFilter,
        write: Callable[[IO[bytes], Iterator[AlertOut]], None],
        media_type: str,
        ending: str,
    ) -> Response:
        # Closed when the answer is sent, and gone then.
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            with self._pool.transaction() as cursor:
                write(file, self._every_alert(cursor, query, caller().unit))
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        answer = Response(wrap_file(request.environ, file), content_type=media_type, direct_passthrough=True)
        answer.call_on_close(file.close)
        answer.content_length = length
        _private(answer)
        day = self._clock.business_date()
        answer.headers["Content-Disposition"] = f'attachment; filename="canh-bao-{day:%Y-%m-%d}.{ending}"'
        return answer

    def _every_alert(self, cursor: Cursor, query: AlertFilter, unit: Unit) -> Iterator[AlertOut]:
        most = alert_table.MOST_ALERTS
        every = alert_queries.every(cursor, filters=query.columns(), within=columns_of(unit), most=most + 1)
        # Within the transaction, also where it is refused.
        with closing(every):
            for number, row in enumerate(every):
                if number == most:
                    raise _too_many(most)
                yield AlertOut.of(row, self._handling_of(row))


def _of_this_page() -> dict[str, str]:
    """What of the question is no filter, for the links of a feed."""
    return {name: request.args[name] for name in ("limit", "cursor", "token") if name in request.args}


def _conditional(body: bytes, content_type: str, updated: datetime | None = None) -> Response:
    """With an ETag of its bytes: who has it already is answered 304. What is in it depends on who asks.

    ``updated``: since when it is as it is, where a change that commits later never has an earlier date.
    Alerts have the date of when their transaction began.
    """
    response = Response(body, content_type=content_type)
    _private(response)
    response.add_etag()
    if updated and datetime.now(UTC) - updated > _SETTLED:
        response.last_modified = updated
    response.make_conditional(request)
    return response


def _private(response: Any) -> None:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization"
    # An address may hold a token.
    response.headers["Referrer-Policy"] = "no-referrer"


def _too_many(most: int) -> ProblemError:
    return ProblemError(
        413,
        "too-many-rows",
        "Nhiều cảnh báo hơn một bảng chứa / more alerts than a table holds",
        f"Tối đa {most:,} cảnh báo; lọc theo trạng thái, đơn vị hoặc năm. / "
        f"At most {most:,} alerts; filter by state, unit or budget year.",
    )
