"""How the gateway is, for support: masked, so that it may leave the house."""

import platform
from typing import Any

import msgspec

from app import __version__
from app.admin.doctor import examine
from app.bootstrap.gateway import Gateway
from app.configuration.settings import Settings
from app.domain.operations.replay import ParkedFilter
from app.observability.redaction import redacted
from app.routers.operations.operators import LineOut
from app.services.shops.written_settings import written, written_secrets

_NEVER_SHOWN = ("secret", "keys", "url", "allow", "open_to", "email", "user", "password")
"""Of the process's settings: whatever may hold a secret, a password or an address; only whether it is set."""


async def bundle_of(gateway: Gateway) -> dict[str, Any]:
    """Settings, configuration, health, queues, causes of parked items and the doctor's findings; texts are redacted."""
    await gateway.directory.refresh()
    accounts, shops = gateway.directory.stored()
    found = {
        "versions": {"gateway": __version__, "python": platform.python_version(), "system": platform.platform()},
        "settings": shown_settings(gateway.settings),
        "accounts": {name: {**written(one), "secrets": sorted(written_secrets(one))} for name, one in accounts.items()},
        "shops": {name: {**written(one), "secrets": sorted(written_secrets(one))} for name, one in shops.items()},
        "health": msgspec.to_builtins(await gateway.health.report()),
        "destinations": [LineOut.of(line).model_dump(mode="json") for line in await gateway.operations.lines()],
        "parked": [
            {"shop": one.shop_id, "reason": one.reason, "destination": one.destination, "number": one.number}
            for one in await gateway.operations.parked(ParkedFilter())
        ],
        "doctor": [finding.shown() for finding in await examine(gateway, None)],
    }
    return {name: masked(part) for name, part in found.items()}


def shown_settings(settings: Settings) -> dict[str, Any]:
    said = settings.model_dump(mode="json")
    return {name: bool(value) if any(part in name for part in _NEVER_SHOWN) else value for name, value in said.items()}


def masked(part: Any) -> Any:
    """Every text in it without addresses and phone numbers."""
    match part:
        case str():
            return redacted(part)
        case dict():
            return {name: masked(one) for name, one in part.items()}
        case list() | tuple():
            return [masked(one) for one in part]
        case int() | float() | None:
            return part
        case _:
            return redacted(str(part))
