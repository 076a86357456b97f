"""The alert service over HTTP: alerts, one alert with its history, and the feeds."""

from __future__ import annotations

from flask import request

from services.alert import (
    accountability_api,
    alert_queries,
    handling_store,
    quarantine_api,
    webhooks_api,
)
from services.alert.alert_queries import AlertRow, columns_of, no_such_alert
from services.alert.explanation_api import ExplanationApi
from services.alert.feeds_api import FeedsApi, page_of
from services.alert.handle_alerts import HandleAlerts
from services.alert.handling_api import HandlingApi
from services.alert.http_models import (
    AlertDetail,
    AlertOut,
    AlertPage,
    AlertQuery,
    HandlingOut,
)
from services.domain.alert_lifecycle import AlertState
from services.domain.lag_rules import RuleName, Severity
from services.runtime import logs, metrics
from services.runtime.access import Scope, caller
from services.runtime.access.gate import Gate
from services.runtime.api import Api, uuid_of
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import CONNECTION_ERRORS, Pool

_log = logs.get(__name__)


def build(
    settings: Settings,
    pool: Pool,
    fund_sources: FundSourceNames,
    *,
    gate: Gate,
    handle: HandleAlerts,
    clock: Clock,
) -> Api:
    """The API on a database."""

    def handling_of(row: AlertRow) -> HandlingOut | None:
        return HandlingOut.of(handle.standing(row), clock.now()) if row.state == AlertState.OPEN else None

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
        page = page_of(pool, query, caller().unit)
        return AlertPage(
            items=[AlertOut.of(row, handling_of(row)) for row in page.alerts], next_cursor=page.next_cursor
        )

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
            found = alert_queries.one(cursor, known, within=columns_of(caller().unit)) if known else None
            steps = handling_store.steps_of(cursor, known) if known and found else []
        if found is None:
            raise no_such_alert(alert_id)
        row, changes = found
        return AlertDetail.with_history(row, handling_of(row), changes, steps)

    FeedsApi(settings, pool, fund_sources, handling_of, clock=clock).install(api)
    HandlingApi(handle, clock=clock).install(api)
    accountability_api.install(api, pool, handle, clock=clock)
    quarantine_api.install(api, pool)
    ExplanationApi(pool, fund_sources, aggregation_url=settings.aggregation_url).install(api)
    webhooks_api.install(api)

    @api.app.before_request
    def count_open_alerts() -> None:
        if request.path == "/metrics":
            _refresh_open_alerts(pool)

    return api


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
