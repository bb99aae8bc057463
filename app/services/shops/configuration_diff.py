"""Show what a configuration would change, before it does."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from app.domain.errors import BadConfiguration
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.services.shops.keyring import KeyRing

Stored = StoredAccount | StoredShop


def changes(old: Mapping[str, Stored], new: Mapping[str, Stored], ring: KeyRing) -> list[str]:
    """One line per difference, secrets by name only. What the new configuration does not mention stays as it is."""
    lines: list[str] = []
    for name, stored in sorted(new.items()):
        kind = "account" if isinstance(stored, StoredAccount) else "shop"
        before = old.get(name)
        if before is None:
            lines.append(f"{kind} {name}: new")
            continue
        was, becomes = _settings(before), _settings(stored)
        lines += [f"{kind} {name}: {key}: {was.get(key)!s} → {becomes[key]!s}" for key in becomes if was.get(key) != becomes[key]]
        for secret in sorted({*before.secrets, *stored.secrets}):
            same = (
                secret in before.secrets and secret in stored.secrets and _open(before, secret, ring) == _open(stored, secret, ring)
            )
            if not same:
                lines.append(f"{kind} {name}: {secret}: changed")
    return lines


def refuse_moved_locations(old: Mapping[str, StoredShop], new: Mapping[str, StoredShop]) -> None:
    """A shop's `location` is fixed when the shop is created: reports hang on it (R16). Raises `BadConfiguration`."""
    moved = [name for name, stored in new.items() if name in old and old[name].shop.location != stored.shop.location]
    if moved:
        raise BadConfiguration([f"shops.{name}.location: it is {old[name].shop.location!r} for ever (R16)" for name in moved])


def _settings(stored: Stored) -> dict[str, Any]:
    return dict(_flat(asdict(stored.account if isinstance(stored, StoredAccount) else stored.shop)))


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Settings within settings by the name they have in the file: `source.kind`."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _open(stored: Stored, name: str, ring: KeyRing) -> str:
    return ring.open(stored.secrets[name])
