"""One message to one address: the checked one, its certificate, no redirection, bounded time and memory."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from services.alert import webhook_address
from services.alert.webhook_address import WebhookAddress
from services.alert.webhooks import sending
from services.alert.webhooks.sending import Answer, NoAnswerError
from tests.support.webhooks import Receiver, Reply, ResetError, trusting

INSIDE = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(host="hook.example").running() as running:
        yield running


def address(receiver: Receiver, url: str = "") -> WebhookAddress:
    return webhook_address.checked(url or receiver.url, inside=INSIDE)


def sent(address: WebhookAddress, *, seconds: float = 2, context: ssl.SSLContext | None = None) -> Answer:
    headers = {"Content-Type": "application/json"}
    return sending.post(
        address, b'{"a":"\xc3\xa1"}', headers, timeout_seconds=seconds, context=context or trusting()
    )


def test_the_body_arrives_as_it_is_and_the_beginning_of_the_answer_is_kept(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(202, {"Retry-After": "7"}, b"nh\xe1\xba\xadn\0 r\xe1\xbb\x93i\r\n")
    answer = sent(address(receiver, f"{receiver.url}?a=1"))
    assert answer == Answer(202, "7", "nhận  rồi")
    (received,) = receiver.received
    assert (received.path, received.body) == ("/hook?a=1", b'{"a":"\xc3\xa1"}')
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_the_name_is_for_tls_and_the_address_is_the_checked_one(receiver: Receiver) -> None:
    """No resolver is asked again: hook.example leads nowhere but to what was checked."""
    found = WebhookAddress(
        f"https://hook.example:{receiver.port}/x", "hook.example", receiver.port, (ip_address("127.0.0.1"),)
    )
    assert sent(found).status == 204
    assert receiver.received[0].headers["host"] == f"hook.example:{receiver.port}"
    with pytest.raises(NoAnswerError, match="certificate"):
        sent(replace(found, host="other.example"))
    assert len(receiver.received) == 1


def test_the_next_address_of_a_name_is_tried_where_one_takes_no_connection(receiver: Receiver) -> None:
    found = address(receiver)
    assert sent(replace(found, addresses=(ip_address("127.0.0.9"), *found.addresses))).status == 204


def test_a_certificate_of_nobody_known_is_refused(receiver: Receiver) -> None:
    with pytest.raises(NoAnswerError, match="chứng chỉ TLS không hợp lệ / the certificate is not valid"):
        sent(address(receiver), context=sending.tls())
    assert receiver.received == []


def test_a_redirection_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(307, {"Location": f"{receiver.url}/elsewhere"})
    assert sent(address(receiver)).status == 307
    assert len(receiver.received) == 1


def test_a_connection_that_is_reset_is_no_answer(receiver: Receiver) -> None:
    def reset(_: object) -> Reply:
        raise ResetError

    receiver.answering = reset
    with pytest.raises(NoAnswerError, match="no connection, or no HTTP"):
        sent(address(receiver))


def test_what_is_no_http_is_no_answer(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(NoAnswerError, match="BadStatusLine"):
        sent(address(receiver))


def test_a_receiver_that_says_nothing_is_given_up_in_time(receiver: Receiver) -> None:
    def slow(_: object) -> Reply:
        time.sleep(5)
        return Reply()

    receiver.answering = slow
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"no answer within 0\.5 s"):
        sent(address(receiver), seconds=0.5)
    assert time.monotonic() - started < 2


def test_a_receiver_that_sends_a_byte_now_and_then_is_given_up_in_time(receiver: Receiver) -> None:
    """Each byte is in time, the answer is not."""
    trickling = Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200, seconds_a_byte=0.1)
    receiver.answering = lambda _: trickling
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match="no answer within 1 s"):
        sent(address(receiver), seconds=1)
    assert time.monotonic() - started < 3


def test_an_endless_answer_is_read_to_its_beginning_only(receiver: Receiver) -> None:
    endless = b"HTTP/1.1 500 X\r\nContent-Length: 999999999999\r\n\r\n" + b"z" * 2_000_000
    receiver.answering = lambda _: Reply(raw=endless)
    answer = sent(address(receiver))
    assert (answer.status, answer.start) == (500, "z" * 1_000)


def test_the_status_counts_where_the_body_never_comes(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(200, {"Content-Length": "100"}, b"half")
    assert sent(address(receiver), seconds=1).status == 200


def test_nobody_listens(receiver: Receiver) -> None:
    with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
        sent(replace(address(receiver), port=9))
