"""Shops and accounts as code: one TOML file, checked as a whole, every mistake named at once."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.configuration.entries import AccountEntry, ShopEntry, ShopsFile, incoherences
from app.domain.consent import Policy
from app.domain.errors import BadConfiguration
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import (
    Account,
    ConsentNames,
    DoubleOptIn,
    FanOut,
    Panel,
    PanelKind,
    Shop,
    TagConflicts,
)
from app.services.shops.keyring import KeyRing


def load(path: Path, ring: KeyRing) -> tuple[list[StoredAccount], list[StoredShop]]:
    """Read, check, and encrypt the secrets. Raises `BadConfiguration` with every mistake."""
    try:
        raw = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise BadConfiguration([f"{path}: there is no such file"]) from error
    except OSError as error:
        raise BadConfiguration([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise BadConfiguration([f"{path}: is no UTF-8 text"]) from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration([f"{path}: {error}"]) from error
    return parse(raw, ring)


def parse(raw: dict[str, Any], ring: KeyRing) -> tuple[list[StoredAccount], list[StoredShop]]:
    try:
        file = ShopsFile.model_validate(raw)
    except ValidationError as error:
        # The original carries values, and values may be secrets. A part that is wrong keeps pydantic from comparing the parts.
        raise BadConfiguration(list(dict.fromkeys((*_mistakes(error), *_incoherences(raw))))) from None
    accounts = [_account(name, entry, ring) for name, entry in file.accounts.items()]
    return accounts, [_shop(name, entry, ring) for name, entry in file.shops.items()]


def _account(name: str, entry: AccountEntry, ring: KeyRing) -> StoredAccount:
    secrets = {"api_secret": ring.close(entry.api_secret), **_callback_secrets(entry, ring)}
    converted = {"api_secret", "callback_secret", "callback_secrets", "fan_out"}
    return StoredAccount(Account(id=name, fan_out=FanOut(entry.fan_out), **entry.model_dump(exclude=converted)), secrets)


def _callback_secrets(entry: "AccountEntry | ShopEntry", ring: KeyRing) -> dict[str, str]:
    """The first is the one whose addresses are shown to be pasted; the others are still believed."""
    given = dict.fromkeys(secret for secret in (entry.callback_secret, *entry.callback_secrets) if secret is not None)
    return {f"callback_{at}": ring.close(secret) for at, secret in enumerate(given)}


def _shop(name: str, entry: ShopEntry, ring: KeyRing) -> StoredShop:
    secrets = _callback_secrets(entry, ring)
    signing = dict.fromkeys(secret for secret in (entry.signing_secret, *entry.signing_secrets) if secret is not None)
    secrets |= {f"signing_secret_{at}": ring.close(secret) for at, secret in enumerate(signing)}
    if entry.panel.api_key is not None:
        secrets["panel_api_key"] = ring.close(entry.panel.api_key)
    secrets |= {f"source_token_{at}": ring.close(token) for at, token in enumerate(entry.source.tokens)}
    secrets |= {f"source_secret_{at}": ring.close(secret) for at, secret in enumerate(entry.source.secrets)}
    if entry.panel.webhook_secret is not None:
        secrets["webhook_secret"] = ring.close(entry.panel.webhook_secret)
    converted = {
        "policy",
        "tag_conflicts",
        "mirror_conflicts",
        "panel",
        "backfill",
        "callback_secret",
        "callback_secrets",
        "signing_secret",
        "signing_secrets",
        "consents",
        "double_opt_in",
        "source",
        "properties",
        "event_details",
    }
    panel = entry.panel.model_dump(exclude={"api_key", "kind", "webhook_secret"})
    shop = Shop(
        id=name,
        policy=Policy(entry.policy),
        tag_conflicts=TagConflicts(entry.tag_conflicts),
        mirror_conflicts=TagConflicts(entry.mirror_conflicts),
        panel=Panel(kind=PanelKind(entry.panel.kind), **panel),
        backfill=entry.backfill.to_domain(),
        source=entry.source.to_domain(name),
        consent_names=ConsentNames(**entry.consents.model_dump()),
        double_opt_in=DoubleOptIn(**entry.double_opt_in.model_dump()),
        signed_requests=bool(signing),
        properties=tuple(entry.properties.items()),
        event_details=tuple(entry.event_details.items()),
        **entry.model_dump(exclude=converted),
    )
    return StoredShop(shop, secrets)


def _incoherences(raw: dict[str, Any]) -> list[str]:
    """Of a file that is not right: as far as what would have to fit together is there and is text."""
    accounts, shops = raw.get("accounts"), raw.get("shops")
    if not isinstance(accounts, dict) or not isinstance(shops, dict):
        return []
    named = {name: (one.get("account"), one.get("location")) for name, one in shops.items() if isinstance(one, dict)}
    return incoherences(accounts, {name: parts for name, parts in named.items() if all(isinstance(part, str) for part in parts)})


def _mistakes(error: ValidationError) -> list[str]:
    found = []
    for one in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in one["loc"])
        words = one["msg"].removeprefix("Value error, ")
        found += [f"{where}: {line}" if where else line for line in words.splitlines()]
    return found
