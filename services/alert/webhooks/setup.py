"""What an operator sets for webhooks, read once at start."""

from __future__ import annotations

from dataclasses import dataclass

from services.alert.webhook_address import IpNetwork, networks
from services.alert.webhooks.signing import InstallationKeys
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError


@dataclass(frozen=True, slots=True)
class WebhookSetup:
    """``inside``: networks that are called though they are not public."""

    keys: InstallationKeys
    inside: tuple[IpNetwork, ...]
    timeout_seconds: float
    senders: int
    public_url: str

    @property
    def senders_holding_up(self) -> int:
        """So many of them at most are at work on receivers that fail or are slow."""
        return max(self.senders // 2, 1)

    @classmethod
    def of(cls, settings: Settings) -> WebhookSetup:
        """Raises ``StopServiceError`` naming the setting that cannot be read; never its value."""
        try:
            keys = InstallationKeys.read(
                settings.webhook_key.get_secret_value() if settings.webhook_key else ""
            )
        except ValueError as error:
            raise StopServiceError(f"GIAINGAN_WEBHOOK_KEY: {error} (docs/SETTINGS.md)") from None
        try:
            inside = networks(settings.webhook_inside_networks or "")
        except ValueError as error:
            raise StopServiceError(f"GIAINGAN_WEBHOOK_INSIDE_NETWORKS: {error}") from None
        return cls(
            keys=keys,
            inside=inside,
            timeout_seconds=settings.webhook_timeout_seconds,
            senders=settings.webhook_senders,
            public_url=settings.public_url,
        )
