"""Webhooks over HTTP: receivers, their keys, a test, the log of what was sent, and sending it again.

Whoever may act on alerts may do so, a caller that is bound to a unit for that unit and what is under it:
other receivers are not there for it. Every write and its audit row are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.alert import webhook_address
from services.alert.webhook_address import RefusedAddressError, WebhookAddress
from services.alert.webhooks import delivery_store, endpoint_store, signing
from services.alert.webhooks.endpoint_store import Endpoint
from services.alert.webhooks.models import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    RotationIn,
    WebhookChange,
    WebhookCheck,
    WebhookCheckIn,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookQuery,
    WebhookWithSecret,
)
from services.alert.webhooks.setup import WebhookSetup
from services.alert.webhooks.signing import UnknownKeyError
from services.runtime import cursor as paging
from services.runtime.access import Scope, Unit, audit, caller
from services.runtime.access.callers import outside_unit
from services.runtime.api import Api, invalid, uuid_of
from services.runtime.errors import FieldError, ProblemError, shortened
from services.runtime.postgres import Cursor, Pool

_ACT = (Scope.ALERT_ACT,)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WebhooksApi:
    """The routes of webhooks."""

    def __init__(self, pool: Pool, setup: WebhookSetup) -> None:
        self._pool = pool
        self._setup = setup

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "POST",
            "/v1/webhook-checks",
            summary="Whether an address may receive webhooks: public, https, none of the inside network.",
            body=WebhookCheckIn,
            response=WebhookCheck,
            scopes=_ACT,
        )(self.check)
        api.route(
            "POST",
            "/v1/webhooks",
            summary="Tell a receiver of alerts from now on; the answer alone shows the secret to verify by.",
            body=WebhookIn,
            response=WebhookWithSecret,
            status=201,
            scopes=_ACT,
            problems=(409, 503),
        )(self.make)
        api.route(
            "GET",
            "/v1/webhooks",
            summary="Receivers of alerts, newest first.",
            query=WebhookQuery,
            response=WebhookPage,
            scopes=_ACT,
            problems=(503,),
        )(self.list)
        api.route(
            "GET",
            "/v1/webhooks/<endpoint_id>",
            summary="One receiver, with the keys that sign now.",
            response=WebhookOut,
            scopes=_ACT,
            problems=(404, 422, 503),
        )(self.read)
        api.route(
            "PATCH",
            "/v1/webhooks/<endpoint_id>",
            summary="Change a receiver's address or filters, or disable and enable it.",
            body=WebhookChange,
            response=WebhookOut,
            scopes=_ACT,
            problems=(404, 503),
        )(self.change)
        api.route(
            "DELETE",
            "/v1/webhooks/<endpoint_id>",
            summary="Tell a receiver nothing more; its log is kept.",
            response=WebhookOut,
            scopes=_ACT,
            problems=(404, 422, 503),
        )(self.delete)
        api.route(
            "POST",
            "/v1/webhooks/<endpoint_id>/rotate-key",
            summary="A new key; the one before signs beside it for a while.",
            body=RotationIn,
            response=WebhookWithSecret,
            scopes=_ACT,
            problems=(404, 409, 503),
        )(self.rotate_key)
        api.route(
            "POST",
            "/v1/webhooks/<endpoint_id>/test",
            summary="Send a test, once; what came of it is in the log.",
            response=DeliveryOut,
            status=202,
            scopes=_ACT,
            problems=(404, 409, 422, 503),
        )(self.test)
        api.route(
            "GET",
            "/v1/webhooks/<endpoint_id>/deliveries",
            summary="The log of what was sent to a receiver, newest first, with every attempt.",
            query=DeliveryQuery,
            response=DeliveryPage,
            scopes=_ACT,
            problems=(404, 503),
        )(self.deliveries)
        api.route(
            "POST",
            "/v1/webhooks/<endpoint_id>/deliveries/<delivery_id>/redeliver",
            summary="Send a message again, now, under its id.",
            response=DeliveryOut,
            status=202,
            scopes=_ACT,
            problems=(404, 409, 422, 503),
        )(self.redeliver)

    def check(self, body: WebhookCheckIn) -> WebhookCheck:
        """Whether the address would be called."""
        found = self._checked(body.url)
        return WebhookCheck(
            url=found.url,
            host=found.host,
            port=found.port,
            addresses=[str(address) for address in found.addresses],
        )

    def make(self, body: WebhookIn) -> WebhookWithSecret:
        """A receiver with its first key."""
        unit = caller().unit if body.unit is None else Unit(body.unit)
        if not caller().unit.covers(
            province_code=unit.province_code or None, owner_code=unit.owner_code or None
        ):
            raise outside_unit()
        self._checked(body.url)
        endpoint_id = uuid4()
        with self._pool.transaction() as cursor:
            endpoint_store.insert(
                cursor,
                endpoint_id=endpoint_id,
                url=body.url,
                description=body.description,
                unit=unit,
                rules=body.rules,
                severities=body.severities,
                states=body.states,
                created_by=caller().name,
            )
            secret = self._new_key(cursor, endpoint_id)
            audit.accepted(
                cursor,
                caller(),
                action="webhook.create",
                target=str(endpoint_id),
                detail={"unit": unit.code},
            )
            endpoint = _required(cursor, endpoint_id)
            return WebhookWithSecret.made(endpoint, endpoint_store.keys(cursor, endpoint_id), secret=secret)

    def list(self, query: WebhookQuery) -> WebhookPage:
        """Those of the caller's unit and what is under it."""
        with self._pool.transaction() as cursor:
            rows = endpoint_store.page(
                cursor, unit=caller().unit, limit=query.limit + 1, after=_after(query.cursor)
            )
            page = rows[: query.limit]
            items = [WebhookOut.of(each, endpoint_store.keys(cursor, each.endpoint_id)) for each in page]
        ended_at = (page[-1].created_at, page[-1].endpoint_id) if len(rows) > query.limit else None
        return WebhookPage(items=items, next_cursor=_cursor(ended_at))

    def read(self, endpoint_id: str) -> WebhookOut:
        """One receiver."""
        with self._pool.transaction() as cursor:
            endpoint = _found(cursor, endpoint_id)
            return WebhookOut.of(endpoint, endpoint_store.keys(cursor, endpoint.endpoint_id))

    def change(self, endpoint_id: str, body: WebhookChange) -> WebhookOut:
        """Write what is given."""
        given = body.model_dump(exclude_none=True)
        if body.url is not None:
            self._checked(body.url)
        with self._pool.transaction() as cursor:
            endpoint = _found(cursor, endpoint_id, to_change=True)
            if (enabled := given.pop("enabled", None)) is not None:
                given |= _enabled() if enabled else _disabled(endpoint)
            if given:
                endpoint_store.update(cursor, endpoint.endpoint_id, given)
            # Not the address: a path may hold what only the receiver is to know.
            audit.accepted(
                cursor,
                caller(),
                action="webhook.change",
                target=str(endpoint.endpoint_id),
                detail={"changed": sorted(given)},
            )
            endpoint = _required(cursor, endpoint.endpoint_id)
            return WebhookOut.of(endpoint, endpoint_store.keys(cursor, endpoint.endpoint_id))

    def delete(self, endpoint_id: str) -> WebhookOut:
        """It is as it was, for the last time."""
        with self._pool.transaction() as cursor:
            endpoint = _found(cursor, endpoint_id, to_change=True)
            keys = endpoint_store.keys(cursor, endpoint.endpoint_id)
            endpoint_store.update(cursor, endpoint.endpoint_id, {"state": "deleted"})
            endpoint_store.give_up_pending(cursor, endpoint.endpoint_id)
            audit.accepted(cursor, caller(), action="webhook.delete", target=str(endpoint.endpoint_id))
        return WebhookOut.of(endpoint, keys)

    def rotate_key(self, endpoint_id: str, body: RotationIn) -> WebhookWithSecret:
        """A new key beside the one before."""
        with self._pool.transaction() as cursor:
            endpoint = _found(cursor, endpoint_id, to_change=True)
            overlap = timedelta(hours=body.overlap_hours)
            endpoint_store.end_keys(cursor, endpoint.endpoint_id, overlap=overlap)
            secret = self._new_key(cursor, endpoint.endpoint_id)
            audit.accepted(
                cursor,
                caller(),
                action="webhook.rotate-key",
                target=str(endpoint.endpoint_id),
                detail={"overlap_hours": body.overlap_hours},
            )
            keys = endpoint_store.keys(cursor, endpoint.endpoint_id)
        return WebhookWithSecret.made(endpoint, keys, secret=secret)

    def test(self, endpoint_id: str) -> DeliveryOut:
        """A test, by the same way as every notice."""
        with self._pool.transaction() as cursor:
            endpoint = _enabled_one(cursor, endpoint_id)
            delivery_id = delivery_store.make_test(cursor, endpoint.endpoint_id)
            audit.accepted(cursor, caller(), action="webhook.test", target=str(endpoint.endpoint_id))
            return _delivery(cursor, endpoint, delivery_id)

    def deliveries(self, endpoint_id: str, query: DeliveryQuery) -> DeliveryPage:
        """A page of the log."""
        with self._pool.transaction() as cursor:
            endpoint = _found(cursor, endpoint_id)
            rows = delivery_store.deliveries(
                cursor,
                endpoint.endpoint_id,
                limit=query.limit + 1,
                state=query.state,
                after=_after(query.cursor),
            )
        page = rows[: query.limit]
        ended_at = (page[-1].made_at, page[-1].delivery_id) if len(rows) > query.limit else None
        return DeliveryPage(items=[DeliveryOut.of(row) for row in page], next_cursor=_cursor(ended_at))

    def redeliver(self, endpoint_id: str, delivery_id: str) -> DeliveryOut:
        """The same message, from its first try on."""
        with self._pool.transaction() as cursor:
            endpoint = _enabled_one(cursor, endpoint_id)
            known = uuid_of(delivery_id)
            if known is None:
                raise _no_such_delivery(delivery_id)
            # Read first: of another endpoint, it is not there.
            _delivery(cursor, endpoint, known)
            delivery_store.ask_again(cursor, endpoint.endpoint_id, known)
            audit.accepted(
                cursor,
                caller(),
                action="webhook.redeliver",
                target=str(endpoint.endpoint_id),
                detail={"delivery_id": str(known)},
            )
            return _delivery(cursor, endpoint, known)

    def _checked(self, url: str) -> WebhookAddress:
        try:
            return webhook_address.checked(url, inside=self._setup.inside)
        except RefusedAddressError as error:
            raise invalid(
                [
                    FieldError(
                        code="webhook-address",
                        where="url",
                        read=shortened(url),
                        detail=str(error),
                        mend="ghi địa chỉ https công khai / give a public https address",
                    )
                ]
            ) from error

    def _new_key(self, cursor: Cursor, endpoint_id: UUID) -> str:
        """Its secret, as it is shown. Raises the 409 where the installation has no key."""
        keys, key_id = self._setup.keys, uuid4()
        try:
            installation_key = keys.newest
        except UnknownKeyError:
            raise ProblemError(
                409,
                "webhooks-not-set-up",
                "Hệ thống chưa đặt khóa cho webhook / webhooks are not set up here",
                "Người quản trị đặt GIAINGAN_WEBHOOK_KEY (docs/SETTINGS.md). / "
                "An operator sets GIAINGAN_WEBHOOK_KEY (docs/SETTINGS.md).",
            ) from None
        endpoint_store.insert_key(
            cursor, endpoint_id, key_id=key_id, installation_key=installation_key, created_by=caller().name
        )
        return signing.shown(keys.secret(key_id, installation_key=installation_key))


def _enabled() -> dict[str, object]:
    # Whoever enables it knows better than what it asked for before.
    return {"state": "enabled", "state_reason": "", "held_until": None}


def _disabled(endpoint: Endpoint) -> dict[str, object]:
    reason = endpoint.state_reason if endpoint.state == "disabled" else "by-officer"
    return {"state": "disabled", "state_reason": reason}


def _found(cursor: Cursor, endpoint_id: str, *, to_change: bool = False) -> Endpoint:
    """The endpoint, where the caller may see it. Raises the 404."""
    known = uuid_of(endpoint_id)
    found = endpoint_store.one(cursor, known, to_change=to_change) if known else None
    unit = found.unit if found else None
    if (
        found is None
        or unit is None
        or not caller().unit.covers(
            province_code=unit.province_code or None, owner_code=unit.owner_code or None
        )
    ):
        raise ProblemError(
            404,
            "no-such-webhook",
            "Không có webhook nào mang mã này / there is no webhook of that id",
            f"Không có {shortened(endpoint_id)}; GET /v1/webhooks liệt kê. / "
            f"There is no {shortened(endpoint_id)}; GET /v1/webhooks lists them.",
        )
    return found


def _required(cursor: Cursor, endpoint_id: UUID) -> Endpoint:
    found = endpoint_store.one(cursor, endpoint_id)
    if found is None:
        raise AssertionError("it was just written")
    return found


def _enabled_one(cursor: Cursor, endpoint_id: str) -> Endpoint:
    """Raises the 409 where nothing is sent to it."""
    endpoint = _found(cursor, endpoint_id, to_change=True)
    if endpoint.state != "enabled":
        raise ProblemError(
            409,
            "webhook-disabled",
            "Webhook đang tắt / the webhook is disabled",
            f"Lý do: {endpoint.state_reason}; bật lại bằng PATCH với enabled: true. / "
            f"Why: {endpoint.state_reason}; enable it by PATCH with enabled: true.",
        )
    return endpoint


def _delivery(cursor: Cursor, endpoint: Endpoint, delivery_id: UUID) -> DeliveryOut:
    rows: Sequence[delivery_store.DeliveryRow] = delivery_store.deliveries(
        cursor, endpoint.endpoint_id, limit=1, delivery_id=delivery_id
    )
    if not rows:
        raise _no_such_delivery(str(delivery_id))
    return DeliveryOut.of(rows[0])


def _no_such_delivery(delivery_id: str) -> ProblemError:
    return ProblemError(
        404,
        "no-such-delivery",
        "Webhook không có lần gửi này / the webhook has no such delivery",
        f"Không có {shortened(delivery_id)}; xem GET /v1/webhooks/<id>/deliveries. / "
        f"There is no {shortened(delivery_id)}; see GET /v1/webhooks/<id>/deliveries.",
    )


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where the page before ended. Raises the 422 problem for what is no cursor."""
    key = paging.decode(cursor, (int, str))
    if key is None:
        return None
    micros, known = key
    try:
        return _EPOCH + timedelta(microseconds=int(micros)), UUID(str(known))
    except (ValueError, OverflowError):
        raise paging.refused(cursor or "") from None


def _cursor(ended_at: tuple[datetime, UUID] | None) -> str | None:
    if ended_at is None:
        return None
    at, known = ended_at
    return paging.encode(((at - _EPOCH) // timedelta(microseconds=1), str(known)))
