"""Whether an address may be called from inside the network, before anything is sent there.

Whoever may register a webhook chooses what this service connects to: without this guard, its own network
(server-side request forgery; OWASP, "Server Side Request Forgery Prevention Cheat Sheet"). A name is
resolved once, every address it has must be public, and a sender connects to these very addresses: a name
that answers otherwise the next time (DNS rebinding) is not asked again.

An operator may name networks inside that are called all the same, on any port: for receivers of his own.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FuturesTimeoutError
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

MAX_URL = 2_000
PORTS = (443, 8443)
_DNS_SECONDS = 5.0
# Of IPv6, what is routed on the internet (RFC 4291, 2.4), but for what documents hold (RFC 9637); beside it a
# translator's addresses (RFC 6052), public by their form and its way to private ones.
_UNICAST = IPv6Network("2000::/3")
_DOCUMENTED = IPv6Network("3fff::/20")
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_BITS = 32
_6TO4_SHIFT = 80

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network
# The addresses of a host name, as texts. Raises ``OSError``.
Resolve = Callable[[str], list[str]]


class RefusedAddressError(ValueError):
    """The address may not be called; the text says why, in Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """Where a webhook may be sent: connect to one of ``addresses``, with ``host`` as its name in TLS."""

    url: str
    host: str
    port: int
    addresses: tuple[IpAddress, ...]


def resolve(host: str) -> list[str]:
    """The system's resolver, given up after a few seconds. Raises ``OSError``."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answer.set_result([str(entry[4][0]) for entry in found])
        except Exception as error:
            answer.set_exception(error)

    # A daemon, where an executor's thread is none: a service that is told to stop waits for no name server.
    threading.Thread(target=ask, name="webhook-name", daemon=True).start()
    try:
        return answer.result(_DNS_SECONDS)
    except FuturesTimeoutError:
        raise OSError(f"no answer within {_DNS_SECONDS:.0f} s") from None


def checked(url: str, *, inside: Sequence[IpNetwork] = (), resolve: Resolve = resolve) -> WebhookAddress:
    """The address of a webhook, resolved once. ``inside``: networks that may be called though they are not
    public. Raises ``RefusedAddressError``."""
    parts = _parts(url, any_port=bool(inside))
    host = parts.hostname or ""
    try:
        addresses = sorted({ip_address(text.split("%")[0]) for text in resolve(host)}, key=str)
    except (OSError, UnicodeError, ValueError):
        raise RefusedAddressError(f"không tìm thấy máy chủ {host} / the host {host} is not known") from None
    if addresses and all(any(address in network for network in inside) for address in addresses):
        return WebhookAddress(url, host, parts.port or PORTS[0], tuple(addresses))
    _require_known_port(parts)
    if not addresses or not all(is_public(address) for address in addresses):
        # Which private address it is, a stranger need not learn.
        raise RefusedAddressError(
            f"{host} là địa chỉ trong mạng nội bộ hoặc dành riêng / "
            f"{host} has an address that is private or reserved"
        )
    return WebhookAddress(url, host, parts.port or PORTS[0], tuple(addresses))


def is_public(address: IpAddress) -> bool:
    """Whether the address, and any IPv4 address inside it, is of the public internet."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return True
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address in _UNICAST and address not in _DOCUMENTED


def networks(text: str) -> tuple[IpNetwork, ...]:
    """Networks by comma (10.1.0.0/16). Raises ``ValueError`` for one that is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _parts(url: str, *, any_port: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise RefusedAddressError("không phải một địa chỉ / is no URL") from None
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise RefusedAddressError(
            "địa chỉ có ký tự ngoài ASCII hoặc khoảng trắng; mã hóa chúng (%20, xn--…) / "
            "a character is not ASCII, or a space; encode them (%20, xn--…)"
        )
    if parts.scheme != "https" or not parts.hostname:
        raise RefusedAddressError("chỉ nhận địa chỉ https:// / only https:// is taken")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError("không ghi mật khẩu trong địa chỉ / a URL holds no password")
    if not any_port:
        _require_known_port(parts)
    return parts


def _require_known_port(parts: SplitResult) -> None:
    if (parts.port or PORTS[0]) not in PORTS:
        allowed = ", ".join(str(number) for number in PORTS)
        raise RefusedAddressError(f"chỉ dùng cổng {allowed} / only ports {allowed} are called")


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that it stands for, as a translator or a relay (RFC 3056, RFC 4380) takes it."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return IPv4Address((int(address) >> _6TO4_SHIFT) & (2**_IPV4_BITS - 1))
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & (2**_IPV4_BITS - 1))
    return None
