"""Webhooks over HTTP. So far the question an officer asks first: would this address be called?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.alert import webhook_address
from services.alert.webhook_address import MAX_URL, RefusedAddressError
from services.runtime.access import Scope
from services.runtime.api import Api, invalid
from services.runtime.errors import FieldError, shortened


class WebhookCheckIn(BaseModel):
    """An address to be checked."""

    model_config = ConfigDict(strict=True, extra="forbid")

    url: str = Field(min_length=1, max_length=MAX_URL, description="https, on port 443 or 8443.")


class WebhookCheck(BaseModel):
    """An address that may be called, with what its name resolved to."""

    url: str
    host: str
    port: int
    addresses: list[str] = Field(description="Public addresses, all that the name has.")


def install(api: Api) -> None:
    """Bind the route."""

    @api.route(
        "POST",
        "/v1/webhooks/check",
        summary="Whether an address may receive webhooks: public, https, none of the inside network.",
        body=WebhookCheckIn,
        response=WebhookCheck,
        scopes=(Scope.ALERT_ACT,),
    )
    def check_webhook(body: WebhookCheckIn) -> WebhookCheck:
        try:
            found = webhook_address.checked(body.url)
        except RefusedAddressError as error:
            raise invalid(
                [
                    FieldError(
                        code="webhook-address",
                        where="url",
                        read=shortened(body.url),
                        detail=str(error),
                        mend="ghi địa chỉ https công khai / give a public https address",
                    )
                ]
            ) from error
        return WebhookCheck(
            url=found.url,
            host=found.host,
            port=found.port,
            addresses=[str(address) for address in found.addresses],
        )
