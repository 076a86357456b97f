"""The gate before every route: how much at once, who, how often, what for, and how large. Deny by default.

It decides before a body is read, and sees to it that every write and every refusal is in the audit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from flask import Flask, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from services.runtime import logs, metrics
from services.runtime.access import audit, tokens
from services.runtime.access.callers import Caller, Scope, outside_unit
from services.runtime.access.rates import LatelyUnknown, Rates
from services.runtime.config import Settings
from services.runtime.errors import ProblemError
from services.runtime.postgres import Pool

_log = logs.get(__name__)
# Where an app keeps its gate.
EXTENSION = "giaingan.gate"
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_READS = ("GET", "HEAD")
_MOST_FORM_PARTS = 20
_DRAIN_SECONDS = 5.0
_BUSY_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a route, and how much of it goes on at once."""

    # Any of them suffices. None at all: the route is public.
    scopes: tuple[Scope, ...]
    # Only for a token that is bound to no unit.
    whole: bool = False
    # A smaller bound on what is in flight, by name, beside that on all requests.
    slots: str = ""
    # Health is told however busy the service is.
    is_limited: bool = True
    max_body_bytes: int = 0
    usual_status: int = 200
    # A feed's token may come as the query parameter ``token``: readers of feeds send no headers.
    token_in_url: bool = False


_UNDECLARED = Rule((Scope.ADMIN,), whole=True)


def pool_size(settings: Settings) -> int:
    """Connections that a service's requests need: one each, and those of health and of the audit."""
    return settings.max_in_flight + 3


class Gate:
    """One for each service. ``loop`` belongs to the service's loops, ``close`` comes before the pool's."""

    def __init__(self, settings: Settings, *, service: str, pool: Pool) -> None:
        self.max_body_bytes = settings.max_body_bytes
        self.max_import_bytes = settings.max_import_bytes
        self._service = service
        self._pool = pool
        self._rules: dict[str, Rule] = {}
        self._slots = {"": settings.max_in_flight, "imports": settings.max_imports_in_flight}
        self._free = {name: threading.BoundedSemaphore(slots) for name, slots in self._slots.items()}
        self._in_flight = 0
        self._in_flight_lock = threading.Lock()
        self._clients = Rates(per_second=settings.client_requests_per_second, burst=settings.client_burst)
        failures = settings.failed_logins_per_minute
        self._failures = Rates(per_second=failures / 60, burst=failures)
        self._unknown = LatelyUnknown()
        self._tally = audit.Tally(pool)

    @property
    def loop(self) -> audit.Tally:
        """Writes the refusals that were counted."""
        return self._tally

    @property
    def rules(self) -> Mapping[str, Rule]:
        """By endpoint; an endpoint that is not here is an admin's."""
        return self._rules

    def guard(self, endpoint: str, rule: Rule) -> None:
        """Declare an endpoint. Raises ``ValueError`` for slots that no setting bounds."""
        if rule.slots not in self._slots:
            raise ValueError(f"{endpoint}: no slots are called {rule.slots!r}")
        self._rules[endpoint] = rule

    def install(self, app: Flask) -> None:
        """Stand before every request of the app."""
        app.extensions[EXTENSION] = self
        app.before_request(self._let_in)
        app.after_request(self._answered)
        app.teardown_request(self._leave)

    def close(self) -> None:
        """Wait a moment for what is in flight, then write the rest of the audit."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._in_flight and time.monotonic() < deadline:
            time.sleep(0.05)
        self._tally.close()

    # --- before ------------------------------------------------------------------------------

    def _let_in(self) -> None:
        g.giaingan_service = self._service
        if request.url_rule is None:
            # No such path or method: answered as that. What there is, /openapi.json tells everybody.
            return
        rule = self._rules.get(request.endpoint or "", _UNDECLARED)
        g.giaingan_usual_status = rule.usual_status
        if rule.is_limited:
            self._enter("")
        if rule.scopes:
            caller = self._authenticated(rule)
            g.giaingan_caller = caller
            if wait := self._clients.take(caller.token_id):
                _refuse_too_many("yêu cầu / requests", wait)
            _check_scope(caller, rule)
            if rule.slots:
                self._enter(rule.slots)
        _bound_body(rule)
        g.giaingan_is_let_in = True

    def _enter(self, slots: str) -> None:
        if not self._free[slots].acquire(blocking=False):
            raise ProblemError(
                503,
                "overloaded",
                "Đang quá tải / overloaded",
                f"Đang xử lý {self._slots[slots]} yêu cầu, mức tối đa; gửi lại đúng yêu cầu này sau / "
                f"{self._slots[slots]} requests are being worked on, the most there may be; "
                "send the same request again.",
                retry_after_seconds=_BUSY_RETRY_SECONDS,
            )
        g.setdefault("giaingan_slots", []).append(slots)
        with self._in_flight_lock:
            self._in_flight += 1
        metrics.IN_FLIGHT.labels(self._service, slots or "all").inc()

    def _authenticated(self, rule: Rule) -> Caller:
        secret, fault = _secret_sent()
        in_url = request.args.get("token", "") if rule.token_in_url and not secret else ""
        if in_url:
            secret, fault = in_url, _unauthorised("token-unknown", "Mã truy cập không đúng / no such token")
        token = None
        if tokens.is_formed(secret) and not self._is_guessed_again(secret):
            with self._pool.transaction() as cursor:
                token = tokens.find(cursor, secret)
            if token is None:
                self._unknown.add(tokens.hash_of(secret))
        if token is not None and token.is_usable:
            if in_url and set(token.scopes) != {Scope.FEED}:
                raise _not_in_an_address()
            return token.caller
        if wait := self._failures.take(request.remote_addr):
            _refuse_too_many("lần xác thực không thành công / failed authentications", wait)
        if token is None:
            raise fault
        if token.revoked_at is not None:
            raise _unauthorised("token-revoked", "Mã truy cập đã bị thu hồi / the token was revoked")
        raise _unauthorised("token-expired", "Mã truy cập đã hết hạn / the token has expired")

    def _is_guessed_again(self, secret: str) -> bool:
        """Whether an address that failed too often sends what was no token lately: the database is not asked
        again. A good token of that address is never kept out by it."""
        return self._failures.is_empty(request.remote_addr) and tokens.hash_of(secret) in self._unknown

    # --- after -------------------------------------------------------------------------------

    def _answered(self, response: Response) -> Response:
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            _challenge(response)
        is_let_in = bool(g.get("giaingan_is_let_in"))
        code = str(g.get("giaingan_code", "")) if status >= HTTPStatus.BAD_REQUEST else ""
        if code and request.url_rule is not None and not is_let_in:
            metrics.REFUSED.labels(self._service, code).inc()
        if request.method in _READS and status not in _REFUSALS:
            return response
        if g.get("giaingan_audited") and status < HTTPStatus.BAD_REQUEST:
            return response
        caller = g.get("giaingan_caller")
        row = audit.of_request(status=status, code=code, caller=caller)
        if is_let_in and caller is not None:
            self._write(row)
        else:
            self._tally.add(row)
        return response

    def _write(self, row: audit.AuditRow) -> None:
        """At once, for what a known caller did; the answer is decided and does not wait for the database."""
        try:
            with self._pool.transaction(wait_seconds=1.0) as cursor:
                audit.insert(cursor, [row])
        except Exception as error:
            _log.error("audit row is not written yet", error=str(error).strip(), **audit.as_log(row))
            self._tally.add(row)

    def _leave(self, _: BaseException | None) -> None:
        for slots in g.pop("giaingan_slots", []):
            self._free[slots].release()
            with self._in_flight_lock:
                self._in_flight -= 1
            metrics.IN_FLIGHT.labels(self._service, slots or "all").dec()


def _secret_sent() -> tuple[str, ProblemError]:
    """The secret of the Authorization header, empty where there is none that counts, and then why not."""
    unknown = _unauthorised("token-unknown", "Mã truy cập không đúng / no such token")
    sent = request.authorization
    if not request.headers.get("Authorization", "").strip():
        return "", _unauthorised("token-missing", "Thiếu mã truy cập / a token is needed")
    if sent is None:
        return "", unknown
    if sent.type == "bearer":
        return sent.token or "", unknown
    if sent.type == "basic":
        if request.method not in _READS:
            # A browser sends it by itself, also for a page of somebody else's.
            return "", _unauthorised("bearer-required", "Basic chỉ để đọc / Basic is for reading only")
        return sent.password or "", unknown
    return "", unknown


def _unauthorised(code: str, title: str) -> ProblemError:
    return ProblemError(
        401,
        code,
        title,
        "Gửi tiêu đề Authorization: Bearer ggn_…; người quản trị cấp mã bằng lệnh giaingan token create / "
        "Send Authorization: Bearer ggn_…; an operator makes tokens with giaingan token create.",
    )


def _not_in_an_address() -> ProblemError:
    """An address is kept in histories and logs: what stands in one may read feeds and nothing else."""
    return ProblemError(
        401,
        "token-in-url",
        "Mã này không được đặt trong địa chỉ / this token may not stand in an address",
        "Trong địa chỉ chỉ dùng mã riêng của nguồn tin: giaingan token create --scope feed. Thu hồi mã vừa "
        "gửi nếu địa chỉ có thể đã lộ. / In an address only a feed's own token is taken: giaingan token "
        "create --scope feed. Revoke the one that was sent if others may have seen the address.",
    )


def _challenge(response: Response) -> None:
    code = g.get("giaingan_code")
    error = "" if code == "token-missing" else ', error="invalid_token"'
    response.headers.add("WWW-Authenticate", f'Bearer realm="giaingan"{error}')
    if request.method in _READS:
        response.headers.add("WWW-Authenticate", 'Basic realm="giaingan", charset="UTF-8"')


def _refuse_too_many(what: str, wait_seconds: int) -> NoReturn:
    raise ProblemError(
        429,
        "too-many-requests",
        "Quá nhiều yêu cầu / too many requests",
        f"Quá nhiều {what}; thử lại sau {wait_seconds} giây / try again in {wait_seconds} s.",
        retry_after_seconds=wait_seconds,
    )


def _check_scope(caller: Caller, rule: Rule) -> None:
    if not caller.may(rule.scopes):
        needed = ", ".join(rule.scopes)
        held = ", ".join(sorted(caller.scopes))
        raise ProblemError(
            403,
            "scope-missing",
            "Mã truy cập không có quyền này / the token may not do this",
            f"Cần quyền / needs the scope: {needed}. Mã có / the token has: {held}.",
        )
    if rule.whole and not caller.unit.is_everything:
        raise outside_unit(
            "Chỉ dành cho mã không gắn với đơn vị / only for a token that is bound to no unit."
        )


def _bound_body(rule: Rule) -> None:
    """Refuse by the headers what is too large or packed, and bound what is read after."""
    request.max_content_length = rule.max_body_bytes
    request.max_form_parts = _MOST_FORM_PARTS
    if not rule.max_body_bytes:
        return
    if (request.content_length or 0) > rule.max_body_bytes:
        raise RequestEntityTooLarge(f"At most {rule.max_body_bytes} bytes are read here.")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise ProblemError(
            415,
            "content-encoding",
            "Không nhận nội dung nén / a packed body is not taken",
            "Gửi nội dung không nén, không có Content-Encoding / send it as it is, without Content-Encoding.",
        )
