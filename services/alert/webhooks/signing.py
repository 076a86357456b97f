"""Signatures of Standard Webhooks (version 1, symmetric), and the secrets they are made with.

No secret is kept. An endpoint's key has an id; its secret is HMAC-SHA256 of that id under the installation's
key, which is a setting: a copy of the database signs nothing (docs/adr/0028).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
LEAST_KEY_BYTES = 32
_SECRET_OF = b"giaingan webhook secret/"
_NAME_OF = b"giaingan webhook installation key"
_NAME_LENGTH = 16


class UnknownKeyError(LookupError):
    """No key of the installation is the one that an endpoint's secret follows from."""


@dataclass(frozen=True, slots=True)
class InstallationKeys:
    """The installation's keys, the one for new secrets first; none where no webhooks are set up."""

    keys: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, text: str) -> InstallationKeys:
        """Keys in base64 by comma. Raises ``ValueError`` for one that is no base64 or too short."""
        keys = []
        for part in filter(None, (each.strip() for each in text.split(","))):
            try:
                key = base64.b64decode(part, validate=True)
            except binascii.Error:
                raise ValueError("a key is no base64") from None
            if len(key) < LEAST_KEY_BYTES:
                raise ValueError(f"a key has less than {LEAST_KEY_BYTES} bytes")
            keys.append(key)
        return cls(tuple(keys))

    @property
    def newest(self) -> str:
        """The name of the key for new secrets. Raises ``UnknownKeyError`` where there is none."""
        if not self.keys:
            raise UnknownKeyError("no key of the installation is set")
        return _name(self.keys[0])

    def secret(self, key_id: UUID, *, installation_key: str) -> bytes:
        """The secret (32 bytes) of an endpoint's key. Raises ``UnknownKeyError``."""
        for key in self.keys:
            if _name(key) == installation_key:
                return hmac.digest(key, _SECRET_OF + key_id.bytes, hashlib.sha256)
        raise UnknownKeyError(f"the installation's key {installation_key} is not set")


def _name(key: bytes) -> str:
    """Tells keys apart and gives nothing of them away."""
    return hmac.digest(key, _NAME_OF, hashlib.sha256).hex()[:_NAME_LENGTH]


def shown(secret: bytes) -> str:
    """The secret as a receiver's library takes it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, *, message_id: str, at: int, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 of id, Unix time and body."""
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(secrets: Sequence[bytes], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers: one signature for each key that holds, so that either verifies."""
    seconds = int(at.timestamp())
    signatures = [signature(each, message_id=message_id, at=seconds, body=body) for each in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }
