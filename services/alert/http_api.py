"""The alert service over HTTP: alerts, one alert with its history, and the feeds."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from services.alert import alert_queries, feeds, quarantine_api, webhooks_api
from services.alert.alert_queries import Page, Position
from services.alert.explanation_api import ExplanationApi
from services.alert.http_models import AlertDetail, AlertOut, AlertPage, AlertQuery, FeedQuery
from services.domain.lag_rules import RuleName, Severity
from services.runtime import cursor as paging
from services.runtime import logs, metrics
from services.runtime.access import Scope, Unit, caller
from services.runtime.access.gate import Gate
from services.runtime.api import Api, uuid_of
from services.runtime.config import Settings
from services.runtime.errors import ProblemError, shortened
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import CONNECTION_ERRORS, Pool

_log = logs.get(__name__)


def build(settings: Settings, pool: Pool, fund_sources: FundSourceNames, *, gate: Gate) -> Api:
    """The API on a database."""
    api = Api(
        service="alert",
        title="giaingan: alerts",
        description=(
            "Who lags behind the public-investment plan, by which rule, and with which figures. Amounts are "
            "integers in the currency's minor unit; rates are shares of 1."
        ),
        gate=gate,
    )

    @api.route(
        "GET",
        "/v1/alerts",
        summary="Alerts, newest update first.",
        scopes=(Scope.READ,),
        query=AlertQuery,
        response=AlertPage,
        problems=(503,),
    )
    def list_alerts(query: AlertQuery) -> AlertPage:
        page = _page(pool, query, caller().unit)
        return AlertPage(items=[AlertOut.of(row) for row in page.alerts], next_cursor=page.next_cursor)

    @api.route(
        "GET",
        "/v1/alerts/<alert_id>",
        summary="One alert with everything that ever happened to it.",
        scopes=(Scope.READ,),
        response=AlertDetail,
        problems=(404, 422, 503),
    )
    def read_alert(alert_id: str) -> AlertDetail:
        known = uuid_of(alert_id)
        with pool.transaction() as cursor:
            found = alert_queries.one(cursor, known, within=_columns(caller().unit)) if known else None
        if found is None:
            raise ProblemError(
                404,
                "no-such-alert",
                "Không có cảnh báo nào mang mã này / there is no alert of that id",
                f"Không có {shortened(alert_id)}; GET /v1/alerts liệt kê các cảnh báo. / "
                f"There is no {shortened(alert_id)}; GET /v1/alerts lists those there are.",
            )
        return AlertDetail.with_changes(*found)

    @api.route(
        "GET",
        "/feeds/alerts.atom",
        summary="Alerts as an Atom feed (RFC 4287).",
        scopes=(Scope.READ,),
        query=FeedQuery,
        media_type=feeds.ATOM_TYPE,
        problems=(503,),
    )
    def atom_feed(query: FeedQuery) -> Response:
        return _feed(
            settings,
            pool,
            query,
            fund_sources=fund_sources,
            render=feeds.atom,
            content_type=f"{feeds.ATOM_TYPE}; charset=utf-8",
        )

    @api.route(
        "GET",
        "/feeds/alerts.json",
        summary="Alerts as a JSON Feed (version 1.1).",
        scopes=(Scope.READ,),
        query=FeedQuery,
        media_type=feeds.JSON_FEED_TYPE,
        problems=(503,),
    )
    def json_feed(query: FeedQuery) -> Response:
        return _feed(
            settings,
            pool,
            query,
            fund_sources=fund_sources,
            render=feeds.json_feed,
            content_type=feeds.JSON_FEED_TYPE,
        )

    quarantine_api.install(api, pool)
    ExplanationApi(pool, fund_sources, aggregation_url=settings.aggregation_url).install(api)
    webhooks_api.install(api)

    @api.app.before_request
    def count_open_alerts() -> None:
        if request.path == "/metrics":
            _refresh_open_alerts(pool)

    return api


def _columns(unit: Unit) -> dict[str, str]:
    """What a unit may see, by column of the alert: itself and what is under it."""
    columns = {"province_code": unit.province_code, "owner_code": unit.owner_code}
    return {name: code for name, code in columns.items() if code}


def _page(pool: Pool, query: AlertQuery, unit: Unit) -> Page:
    key = paging.decode(query.cursor, (int, str))
    try:
        after = Position.of(key) if key else None
    except (ValueError, OverflowError):
        raise paging.refused(query.cursor or "") from None
    with pool.transaction() as cursor:
        return alert_queries.page(
            cursor, filters=query.columns(), within=_columns(unit), limit=query.limit, after=after
        )


def _feed(
    settings: Settings,
    pool: Pool,
    query: FeedQuery,
    *,
    fund_sources: FundSourceNames,
    render: Callable[[feeds.FeedPage], bytes],
    content_type: str,
) -> Response:
    """A feed with an ETag of its bytes: a reader that has them already is answered 304. What is in it
    depends on who asks."""
    page = _page(pool, query, caller().unit)
    with pool.transaction() as cursor:
        set_up_at = alert_queries.set_up_at(cursor)
    body = render(
        feeds.FeedPage(
            public_url=settings.public_url,
            parameters=query.parameters(),
            unit=caller().unit.code,
            page={name: request.args[name] for name in ("limit", "cursor") if name in request.args},
            alerts=[AlertOut.of(row) for row in page.alerts],
            next_cursor=page.next_cursor,
            set_up_at=set_up_at,
            fund_sources=fund_sources,
        )
    )
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization"
    response.add_etag()
    response.make_conditional(request)
    return response


def _refresh_open_alerts(pool: Pool) -> None:
    """Counted at the scrape, whichever process changed them. A scrape must not fail with the database."""
    try:
        with pool.transaction(wait_seconds=1.0) as cursor:
            counts = alert_queries.open_counts(cursor)
    except CONNECTION_ERRORS as error:
        _log.warning("open alerts not counted", error=str(error).strip())
        return
    for rule in RuleName:
        for severity in Severity:
            metrics.ALERTS_OPEN.labels(rule, severity).set(counts.get((rule, severity), 0))
