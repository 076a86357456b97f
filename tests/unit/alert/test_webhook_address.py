"""What a webhook may be sent to: nothing inside, however it is written, and nothing that turns inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from services.alert import webhook_address
from services.alert.webhook_address import RefusedAddressError


def answering(*addresses: str) -> Callable[[str], list[str]]:
    return lambda _: list(addresses)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:5ef5:79fd:0:59d:80ff:fffe",
        # Of a site (RFC 3879), of an IPv4 address (RFC 4291, RFC 2765), of a translator's own prefix
        # (RFC 8215), of documentation (RFC 9637) and of segments (RFC 9602).
        "fec0::1",
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1:a00:0:100:808:808",
        "3fff::1",
        "5f00::1",
    ],
)
def test_a_name_with_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(RefusedAddressError, match="nội bộ"):
        webhook_address.checked("https://hook.example/x", resolve=answering(address))
    with pytest.raises(RefusedAddressError, match="nội bộ"):
        webhook_address.checked("https://hook.example/x", resolve=answering("93.184.216.34", address))


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
    ],
)
def test_an_address_written_in_any_way_is_refused_by_what_the_system_makes_of_it(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        webhook_address.checked(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hook.example/", "https"),
        ("ftp://hook.example/", "https"),
        ("https:///x", "https"),
        ("hook.example", "https"),
        ("https://user:secret@hook.example/", "password"),
        ("https://hook.example:22/", "443"),
        ("https://hook.example:99999/", "no URL"),
        ("https://[::1/", "no URL"),
    ],
)
def test_only_https_without_a_password_on_known_ports_is_called(url: str, why: str) -> None:
    with pytest.raises(RefusedAddressError, match=why):
        webhook_address.checked(url, resolve=answering("93.184.216.34"))


def test_a_name_is_asked_once_so_that_its_next_answer_leads_nowhere() -> None:
    answers: Iterator[list[str]] = iter([["93.184.216.34"], ["127.0.0.1"]])
    found = webhook_address.checked("https://rebind.example/x", resolve=lambda _: next(answers))
    assert [str(address) for address in found.addresses] == ["93.184.216.34"]
    assert (found.host, found.port) == ("rebind.example", 443)
    assert next(answers) == ["127.0.0.1"]


def test_a_name_that_is_not_known_is_refused() -> None:
    def unknown(_: str) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(RefusedAddressError, match="not known"):
        webhook_address.checked("https://nowhere.example/", resolve=unknown)


def test_all_public_addresses_are_kept() -> None:
    found = webhook_address.checked(
        "https://hook.example:8443/a?b=c", resolve=answering("2606:2800:220:1::1", "93.184.216.34")
    )
    assert (len(found.addresses), found.port) == (2, 8443)


def test_a_name_server_that_is_silent_is_given_up_and_holds_up_no_end_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, asked_by = threading.Event(), []

    def silent(*_: object, **__: object) -> list[object]:
        asked_by.append(threading.current_thread())
        answers.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr(webhook_address, "_DNS_SECONDS", 0.1)
    try:
        with pytest.raises(RefusedAddressError, match="không tìm thấy"):
            webhook_address.checked("https://hook.example/x")
        (thread,) = asked_by
        assert thread.is_alive()
        # Python waits at its end for every thread that is none.
        assert thread.daemon
    finally:
        answers.set()
