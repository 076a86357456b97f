"""Sends what changed to the webhooks: one loop of the alert service, the whole way from top to bottom.

    change -> a delivery for each endpoint that wants it -> claimed, its endpoint leased
           -> address checked anew -> signed -> sent -> written down: delivered, again later, or given up

At least once: who dies between sending and writing sends again, under the same id and in the same bytes. One
message at a time goes to an endpoint, and those that fail or are slow have half of the senders among them, so
that they hold up only themselves.
"""

from __future__ import annotations

import concurrent.futures
import random
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from services.alert import webhook_address
from services.alert.webhook_address import RefusedAddressError
from services.alert.webhooks import delivery_store, notices, sending, signing
from services.alert.webhooks.delivery_store import Attempt, Claimed
from services.alert.webhooks.sending import NoAnswerError
from services.alert.webhooks.setup import WebhookSetup
from services.alert.webhooks.signing import UnknownKeyError
from services.domain.webhook_retries import MOST_TRIES, AttemptOutcome, DeliveryState, retry_after, verdict
from services.runtime import logs, metrics
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.postgres import CONNECTION_ERRORS, Connection, connect, transaction

_log = logs.get(__name__)

APPLICATION = "giaingan-alert-webhooks"
_IDLE_SECONDS = 0.25
_RETRY_SECONDS = 1.0
# Beyond what an attempt takes: its name is resolved before, what came of it is written after.
_LEASE_MARGIN = timedelta(seconds=20)
# A receiver whose last answer took longer is slow.
_SLOW = timedelta(seconds=1)
# When told to stop; what takes longer is sent again by whoever comes next.
_STOP_SECONDS = 10.0


class WebhookSender:
    """One loop of the alert service: change -> webhooks."""

    def __init__(
        self,
        settings: Settings,
        setup: WebhookSetup,
        *,
        clock: Clock | None = None,
        context: ssl.SSLContext | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``context``: which certificates are trusted; the system's where none is given."""
        self._database_url = settings.database_url.get_secret_value()
        self._setup = setup
        self._lease = timedelta(seconds=setup.timeout_seconds) + _LEASE_MARGIN
        self._clock = clock or Clock()
        self._context = context or sending.tls()
        self._chance = chance
        self._connection: Connection | None = None
        # What is being sent, and what was and is not written down yet.
        self._in_flight: dict[Future[Attempt], Claimed] = {}
        # Known to this process alone: the next one learns it by one message to each.
        self._slow: set[UUID] = set()

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop``."""
        threads = ThreadPoolExecutor(self._setup.senders, thread_name_prefix="webhook")
        try:
            while not stop.is_set():
                self._step(threads, stop)
            self._finish()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            self._drop_connection()

    def _step(self, threads: ThreadPoolExecutor, stop: threading.Event) -> None:
        """One round: what is written, what is made, what is begun; then a moment's wait."""
        try:
            connection = self._connection = self._connection or connect(
                self._database_url, application=APPLICATION
            )
            self._write_down(connection)
            with transaction(connection) as cursor:
                is_more = delivery_store.make_deliveries(cursor)
            begun = self._begin(connection, threads)
        except CONNECTION_ERRORS as error:
            _log.warning("database lost", error=str(error).strip())
            self._drop_connection()
            stop.wait(_RETRY_SECONDS)
            return
        if is_more or begun:
            return
        if self._in_flight:
            concurrent.futures.wait(
                self._in_flight, timeout=_IDLE_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
            )
        else:
            stop.wait(_IDLE_SECONDS)

    def _begin(self, connection: Connection, threads: ThreadPoolExecutor) -> bool:
        """Claim what is due, as many as can be sent at once; whether there was any."""
        free = self._setup.senders - len(self._in_flight)
        if not (free and self._setup.keys.keys):
            return False
        holding_up = sum(each.holds_up for each in self._in_flight.values())
        with transaction(connection) as cursor:
            claimed = delivery_store.claim(
                cursor,
                at_most=free,
                holding_up_at_most=self._setup.senders_holding_up - holding_up,
                slow=self._slow,
                lease=self._lease,
            )
        for each in claimed:
            self._in_flight[threads.submit(self._send, each)] = each
        return bool(claimed)

    def _send(self, claimed: Claimed) -> Attempt:
        """One attempt; whatever happens is an attempt that came to something."""
        at, started = self._clock.now(), time.monotonic()
        status, error, answered, asked = None, "", "", ""
        try:
            keys = self._setup.keys
            secrets = [keys.secret(key.key_id, installation_key=key.installation_key) for key in claimed.keys]
            body = (
                notices.event_of(claimed.notice, public_url=self._setup.public_url)
                if claimed.notice
                else notices.event_of_test(
                    claimed.message_id, public_url=self._setup.public_url, at=claimed.made_at
                )
            )
            headers = signing.headers(secrets, message_id=str(claimed.message_id), at=at, body=body)
            # Each time anew: a name may have come to mean an address inside.
            address = webhook_address.checked(claimed.url, inside=self._setup.inside)
            answer = sending.post(
                address,
                body,
                {"Content-Type": notices.CONTENT_TYPE, **headers},
                timeout_seconds=self._setup.timeout_seconds,
                context=self._context,
            )
            status, answered, asked = answer.status, answer.start, answer.retry_after
        except (RefusedAddressError, NoAnswerError) as refused:
            error = str(refused)
        except UnknownKeyError as unknown:
            error = f"thiếu khóa của hệ thống để ký / a key of the installation is missing: {unknown}"
        except Exception:
            _log.exception("webhook could not be sent", delivery=str(claimed.delivery_id))
            error = "dịch vụ gặp lỗi, xem nhật ký / the service failed, see its log"
        took = timedelta(seconds=time.monotonic() - started)
        return Attempt(at, took, status, error, answered, asked)

    def _write_down(self, connection: Connection) -> None:
        """Write what came of what was sent. Where the database does not take it now, later."""
        for future in [each for each in self._in_flight if each.done()]:
            claimed, attempt = self._in_flight[future], future.result()
            if attempt.duration > _SLOW:
                self._slow.add(claimed.endpoint_id)
            else:
                self._slow.discard(claimed.endpoint_id)
            now = verdict(
                attempt.status,
                tries=claimed.tries + 1,
                most_tries=MOST_TRIES if claimed.notice else 1,
                asked=retry_after(attempt.retry_after, now=self._clock.now()),
                chance=self._chance(),
            )
            with transaction(connection) as cursor:
                counts = delivery_store.record(cursor, claimed, attempt, now)
            del self._in_flight[future]
            metrics.WEBHOOK_ATTEMPTS.labels(now.outcome).inc()
            if counts and now.state is DeliveryState.GIVEN_UP:
                metrics.WEBHOOKS_GIVEN_UP.inc()
            if (
                counts
                and now.state is DeliveryState.DELIVERED
                and claimed.notice
                and not claimed.is_asked_again
            ):
                since = self._clock.now() - claimed.notice.recorded_at
                metrics.ALERT_DELIVERY_SECONDS.labels("webhook").observe(max(since.total_seconds(), 0))
            if now.outcome is not AttemptOutcome.DELIVERED:
                _log.warning(
                    "webhook not delivered",
                    endpoint=str(claimed.endpoint_id),
                    message=str(claimed.message_id),
                    status=attempt.status,
                    error=attempt.error,
                    state=now.state,
                )

    def _finish(self) -> None:
        """Write down what is still being sent, as far as it ends in time."""
        concurrent.futures.wait(self._in_flight, timeout=_STOP_SECONDS)
        if self._connection is None:
            return
        try:
            self._write_down(self._connection)
        except CONNECTION_ERRORS as error:
            _log.warning("what was sent last is not written down: it is sent again", error=str(error).strip())

    def _drop_connection(self) -> None:
        if self._connection and not self._connection.closed:
            self._connection.close()
        self._connection = None
