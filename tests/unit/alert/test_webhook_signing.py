"""Signatures as Standard Webhooks publishes them, and as its library verifies them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from standardwebhooks import Webhook
from standardwebhooks.exceptions import WebhookVerificationError

from services.alert.webhooks import signing
from services.alert.webhooks.setup import WebhookSetup
from services.alert.webhooks.signing import InstallationKeys, UnknownKeyError
from services.runtime.errors import StopServiceError
from tests.support.alerting import settings_for

KEY = UUID("11111111-1111-4111-8111-111111111111")
OTHER_KEY = UUID("22222222-2222-4222-8222-222222222222")
BODY = '{"lý do":"chậm"}'.encode()


def encoded(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_the_published_vector() -> None:
    """Of the specification's reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signing.signature(
        secret, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330, body=b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_library_verifies_with_either_key_and_with_no_other() -> None:
    keys = InstallationKeys.read(encoded(b"a" * 32))
    secrets = [keys.secret(key, installation_key=keys.newest) for key in (KEY, OTHER_KEY)]
    headers = signing.headers(secrets, message_id=str(KEY), at=datetime.now(UTC), body=BODY)
    for secret in secrets:
        assert Webhook(signing.shown(secret)).verify(BODY, headers) == {"lý do": "chậm"}
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(b"x" * 32)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(secrets[0])).verify(BODY + b" ", headers)


def test_a_secret_follows_from_both_keys_and_stays_where_another_comes_first() -> None:
    old = InstallationKeys.read(encoded(b"a" * 32))
    both = InstallationKeys.read(encoded(b"b" * 32, b"a" * 32))
    secret = old.secret(KEY, installation_key=old.newest)
    assert both.secret(KEY, installation_key=old.newest) == secret
    assert both.newest != old.newest
    assert both.secret(KEY, installation_key=both.newest) != secret
    assert both.secret(OTHER_KEY, installation_key=old.newest) != secret


def test_a_key_that_was_taken_out_is_said_to_be_missing() -> None:
    old = InstallationKeys.read(encoded(b"a" * 32))
    with pytest.raises(UnknownKeyError, match=old.newest):
        InstallationKeys.read(encoded(b"b" * 32)).secret(KEY, installation_key=old.newest)
    with pytest.raises(UnknownKeyError):
        _ = InstallationKeys.read(" ").newest


@pytest.mark.parametrize("text", ["no base64!", encoded(b"short"), encoded(b"a" * 32) + ",x"])
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a key") as refused:
        InstallationKeys.read(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("webhook_key", "c2hvcnQ="),
        ("webhook_inside_networks", "10.0.0.1/8"),
        ("webhook_inside_networks", "x"),
    ],
)
def test_a_setting_that_cannot_be_read_stops_the_service_by_its_name(setting: str, value: str) -> None:
    settings = settings_for("unused", **{setting: value})
    with pytest.raises(StopServiceError, match=f"GIAINGAN_{setting.upper()}") as stopped:
        WebhookSetup.of(settings)
    assert setting != "webhook_key" or value not in str(stopped.value)
