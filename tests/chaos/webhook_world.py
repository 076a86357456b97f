"""The alert service as a process that sends webhooks to receivers of the test, over HTTPS on loopback."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from deploy.embedded.processes import ServiceProcess
from tests.chaos.world import World
from tests.support.webhooks import INSTALLATION_KEY, LOOPBACK, Receiver, authority_file


def sending_process(world: World, *, database_url: str = "", timeout_seconds: float = 2) -> ServiceProcess:
    """An alert service that trusts the receivers' authority and may call this machine."""
    return world.process(
        "alert",
        database_url=database_url,
        settings={
            "GIAINGAN_WEBHOOK_KEY": INSTALLATION_KEY,
            "GIAINGAN_WEBHOOK_INSIDE_NETWORKS": LOOPBACK,
            "GIAINGAN_WEBHOOK_TIMEOUT_SECONDS": str(timeout_seconds),
            "SSL_CERT_FILE": str(authority_file(world.folder)),
        },
    )


def unsettled(world: World) -> int:
    """How many messages are still to be made or sent."""
    ((count,),) = world.rows(
        "SELECT (SELECT count(*) FROM alert.webhook_unrouted)"
        "     + (SELECT count(*) FROM alert.webhook_delivery WHERE state <> 'delivered')"
    )
    return int(count)


def changes(world: World) -> list[UUID]:
    """Every change there is."""
    return [UUID(str(change)) for (change,) in world.rows("SELECT change_id FROM alert.alert_change")]


def faults(receiver: Receiver, secret: str, expected: Collection[UUID]) -> list[str]:
    """What is wrong with what a receiver got: it must have got each change, nothing else, always in the same
    bytes and signed, and by first sight the changes of an alert in order."""
    found = []
    if missing := {str(change) for change in expected} - set(receiver.ids):
        found.append(f"never arrived: {sorted(missing)}")
    if unknown := set(receiver.ids) - {str(change) for change in expected}:
        found.append(f"no such change: {sorted(unknown)}")
    if other := [message_id for message_id, bodies in receiver.bodies().items() if bodies > 1]:
        found.append(f"in other bytes: {other}")
    seen: dict[str, list[int]] = {}
    for message_id, received in {each.message_id: each for each in receiver.received[::-1]}.items():
        event = received.verified_by(secret)
        if event["id"] != message_id:
            found.append(f"{message_id} carries {event['id']}")
    for message_id in dict.fromkeys(receiver.ids):
        data = next(each.event["data"] for each in receiver.received if each.message_id == message_id)
        seen.setdefault(data["alert_id"], []).append(data["sequence"])
    if out_of_order := {alert: order for alert, order in seen.items() if order != sorted(order)}:
        found.append(f"out of order: {out_of_order}")
    return found
