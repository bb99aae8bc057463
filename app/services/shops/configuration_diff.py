"""Show what a configuration would change, before it does."""

from collections.abc import Mapping, Sequence

from app.domain.errors import BadConfiguration
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.services.shops.keyring import KeyRing
from app.services.shops.written_settings import toml_value, written, written_secrets

Stored = StoredAccount | StoredShop


def changes(old: Mapping[str, Stored], new: Mapping[str, Stored], ring: KeyRing) -> list[str]:
    """One line per difference, values as the file writes them, secrets by name only.

    What the new configuration does not mention stays as it is.
    """
    lines: list[str] = []
    for name, stored in sorted(new.items()):
        kind = "account" if isinstance(stored, StoredAccount) else "shop"
        before = old.get(name)
        if before is None:
            lines.append(f"{kind} {name}: new")
            continue
        was, becomes = written(before), written(stored)
        lines += [
            f"{kind} {name}: {key}: {_shown(was.get(key))} → {_shown(becomes.get(key))}"
            for key in dict.fromkeys((*was, *becomes))
            if was.get(key) != becomes.get(key)
        ]
        ours, theirs = written_secrets(before), written_secrets(stored)
        lines += [
            f"{kind} {name}: {key}: changed"
            for key in sorted({*ours, *theirs})
            if _open(before, ours.get(key, ()), ring) != _open(stored, theirs.get(key, ()), ring)
        ]
    return lines


def refuse_moved_locations(old: Mapping[str, StoredShop], new: Mapping[str, StoredShop]) -> None:
    """A shop's `location` is fixed when the shop is created: reports hang on it (R16). Raises `BadConfiguration`."""
    moved = [name for name, stored in new.items() if name in old and old[name].shop.location != stored.shop.location]
    if moved:
        raise BadConfiguration([f"shops.{name}.location: it is {old[name].shop.location!r} for ever (R16)" for name in moved])


def _shown(said: object) -> str:
    return "not set" if said is None else toml_value(said)


def _open(stored: Stored, names: Sequence[str], ring: KeyRing) -> list[str]:
    return [ring.open(stored.secrets[name]) for name in names]
