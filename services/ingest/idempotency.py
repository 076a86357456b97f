"""``Idempotency-Key``: the same request under the same key is answered as it was, and done once.

The key belongs to its token. It is claimed before the request is judged, for as long as a request may take,
and what was answered is kept in the transaction of the receipt; a refusal, or an answer that is not known,
frees the key. So the key holds no more than event ids do already: without one, nothing counts twice either.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from flask import Flask, Response, g, request
from werkzeug.datastructures import FileStorage

from services.runtime import logs
from services.runtime.access import caller
from services.runtime.api import invalid
from services.runtime.errors import FieldError, ProblemError, shortened
from services.runtime.field_faults import as_json
from services.runtime.postgres import CONNECTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
# Visible ASCII (draft-ietf-httpapi-idempotency-key-header leaves the rest to the service).
_FORM = "[!-~]{1,255}"
_KEPT = timedelta(days=30)
_FORGOTTEN_AT_ONCE = 100
_RETRY_AFTER_SECONDS = 2

PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Names this request: sent again under the same key, it is answered as before "
        f"({REPLAYED}: true), for {_KEPT.days} days."
    ),
    "schema": {"type": "string", "pattern": f"^{_FORM}$"},
}


@dataclass(slots=True)
class Claim:
    """A key that is held by the request in hand."""

    token_id: UUID
    key: str
    claim_id: UUID
    is_answered: bool = False

    def answer(self, cursor: Cursor, *, status: int, response: str) -> None:
        """Keep what is answered, in the transaction of the receipt."""
        cursor.execute(_ANSWER, (status, response, self.token_id, self.key, self.claim_id))
        self.is_answered = True


@dataclass(frozen=True, slots=True)
class IdempotencyKeys:
    """The keys of the POST requests of one service."""

    pool: Pool
    lease: timedelta

    def install(self, app: Flask) -> None:
        """Claim before each POST of a caller that was let in, and free what was not answered after it."""

        @app.before_request
        def claim() -> Response | None:
            if request.method != "POST" or request.url_rule is None:
                return None
            key = request.headers.get(HEADER)
            if key is None:
                return None
            return self._claim(caller().token_id, _checked(key))

        @app.after_request
        def free(response: Response) -> Response:
            held = g.pop("giaingan_idempotency_claim", None)
            if held is not None and not (held.is_answered and response.status_code < HTTPStatus.BAD_REQUEST):
                self._free(held)
            return response

    def _claim(self, token_id: UUID, key: str) -> Response | None:
        fingerprint = _fingerprint()
        wanted = Claim(token_id, key, uuid4())
        with self.pool.transaction() as cursor:
            cursor.execute(_FORGET, (_KEPT, _FORGOTTEN_AT_ONCE))
            cursor.execute(_CLAIM, (token_id, key, fingerprint, wanted.claim_id, self.lease, _KEPT))
            if cursor.fetchone():
                g.giaingan_idempotency_claim = wanted
                return None
            cursor.execute(_HELD, (token_id, key))
            held = cursor.fetchone()
        if held is None:
            # Freed between the two statements.
            raise _in_flight()
        if bytes(held[0]) != fingerprint:
            raise _reused(key)
        if held[1] is None:
            raise _in_flight()
        replayed = Response(held[2], held[1], content_type="application/json")
        replayed.headers[REPLAYED] = "true"
        return replayed

    def _free(self, claim: Claim) -> None:
        try:
            with self.pool.transaction() as cursor:
                cursor.execute(_FREE, (claim.token_id, claim.key, claim.claim_id))
        except CONNECTION_ERRORS as error:
            _log.warning("idempotency key not freed before its lease ends", error=str(error).strip())


def current() -> Claim | None:
    """The claim of the request in hand; ``None`` where it names no key."""
    held = g.get("giaingan_idempotency_claim")
    return held if isinstance(held, Claim) else None


def _checked(key: str) -> str:
    if re.fullmatch(_FORM, key):
        return key
    raise invalid(
        [
            FieldError(
                code="string-pattern-mismatch",
                where=HEADER,
                read=as_json(shortened(key)),
                detail="không phải 1 đến 255 ký tự ASCII nhìn thấy được / "
                "is not 1 to 255 visible ASCII characters",
                mend="dùng một UUID cho mỗi yêu cầu / use a UUID for each request",
            )
        ]
    )


def _fingerprint() -> bytes:
    """SHA-256 of what is sent: the body as it came, or a form's fields and the bytes of its files (the
    boundaries of a form differ each time it is sent)."""
    content: object = hashlib.sha256(b"").hexdigest()
    if request.mimetype == "multipart/form-data":
        content = [
            sorted(request.form.items(multi=True)),
            sorted((name, _sha256_of(file)) for name, file in request.files.items(multi=True)),
        ]
    else:
        content = hashlib.sha256(request.get_data()).hexdigest()
    sent = [request.method, request.path, request.query_string.decode("latin-1"), request.mimetype, content]
    return hashlib.sha256(json.dumps(sent).encode()).digest()


def _sha256_of(file: FileStorage) -> str:
    digest = hashlib.sha256()
    while some := file.stream.read(1 << 20):
        digest.update(some)
    file.stream.seek(0)
    return digest.hexdigest()


def _reused(key: str) -> ProblemError:
    return ProblemError(
        409,
        "idempotency-key-reused",
        "Khóa đã dùng cho yêu cầu khác / the key was used for another request",
        "Dùng khóa mới cho yêu cầu này; gửi lại yêu cầu cũ thì giữ nguyên nội dung. / "
        "Use a new key for this request; to send the former one again, send it unchanged.",
        errors=[
            FieldError(
                code="idempotency-key-reused",
                where=HEADER,
                read=as_json(key),
                detail="nội dung khác với lần gửi trước / the content differs from that sent before",
                mend="dùng khóa mới / use a new key",
            )
        ],
    )


def _in_flight() -> ProblemError:
    return ProblemError(
        409,
        "idempotency-key-in-flight",
        "Yêu cầu cùng khóa đang được xử lý / a request of that key is being worked on",
        "Gửi lại sau ít giây. / Send it again in some seconds.",
        retry_after_seconds=_RETRY_AFTER_SECONDS,
    )


_FORGET = """
DELETE FROM ingest.idempotency_key WHERE (token_id, idempotency_key) IN
       (SELECT token_id, idempotency_key FROM ingest.idempotency_key WHERE claimed_at < now() - %s
         ORDER BY claimed_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""
_CLAIM = """
INSERT INTO ingest.idempotency_key AS known (token_id, idempotency_key, fingerprint, claim_id, claimed_until)
VALUES (%s, %s, %s, %s, now() + %s)
ON CONFLICT (token_id, idempotency_key) DO UPDATE
   SET fingerprint = excluded.fingerprint, claim_id = excluded.claim_id, claimed_at = now(),
       claimed_until = excluded.claimed_until, status = NULL, response = NULL
 WHERE (known.status IS NULL AND known.claimed_until <= now()) OR known.claimed_at < now() - %s
RETURNING claim_id
"""
_HELD = """
SELECT fingerprint, status, response FROM ingest.idempotency_key
 WHERE token_id = %s AND idempotency_key = %s
"""
_ANSWER = """
UPDATE ingest.idempotency_key SET status = %s, response = %s
 WHERE token_id = %s AND idempotency_key = %s AND claim_id = %s
"""
_FREE = """
DELETE FROM ingest.idempotency_key
 WHERE token_id = %s AND idempotency_key = %s AND claim_id = %s AND status IS NULL
"""
