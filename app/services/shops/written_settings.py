"""Accounts and shops as the configuration file writes them: the names and values that a person typed, secrets by name only."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, assert_never

from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, Shop, ShopSource, SourceKind
from app.domain.values import Words

Settings = dict[str, Any]
"""Setting -> value; settings within settings by their path: `panel.kind`. None = not written."""

_SECRETS = {
    "panel_api_key": "panel.api_key",
    "webhook_secret": "panel.webhook_secret",
    "source_token": "source.tokens",
    "source_secret": "source.secrets",
}
"""A secret as it is stored, without its number -> as the file calls it."""
_LISTS = {"source.tokens", "source.secrets"}
"""Secrets that the file writes as lists, one alone too; of the others there is a name for the first and a list for further ones."""


def written(stored: StoredAccount | StoredShop) -> Settings:
    match stored:
        case StoredAccount():
            return _account(stored.account)
        case StoredShop():
            return _shop(stored.shop)


def written_secrets(stored: StoredAccount | StoredShop) -> dict[str, list[str]]:
    """The file's name of a secret -> the names under which it is stored; several while one takes the place of another."""
    found: dict[str, list[str]] = {}
    for name in sorted(stored.secrets):
        found.setdefault(_secret_in_file(name), []).append(name)
    return found


def _secret_in_file(stored_name: str) -> str:
    kind = stored_name.rpartition("_")[0] if stored_name[-1:].isdigit() else stored_name
    return "callback_secrets" if kind == "callback" else _SECRETS.get(kind, kind)


def toml_value(said: Any) -> str:
    """A value as TOML has it."""
    match said:
        case datetime():
            return said.isoformat()
        case list() | tuple():
            return "[" + ", ".join(toml_value(one) for one in said) + "]"
        case _:
            return json.dumps(said, ensure_ascii=False)


def toml_lines(stored: StoredAccount | StoredShop, *, polish: bool = False) -> Iterator[str]:
    """The block of an account or a shop, to be read; of a secret only that it is set."""
    return _block(stored, [(path, _NOT_SHOWN[polish]) for path in written_secrets(stored)])


_NOT_SHOWN = Words("# {}: set, not shown", "# {}: ustawione, wartość nie jest pokazywana")


def exported(stored: StoredAccount | StoredShop) -> tuple[list[str], dict[str, str]]:
    """The block of an account or a shop, to be applied: it names each secret by a variable of the environment.

    Answers its lines, and variable -> the secret as it is stored.
    """
    kind, name = ("account", stored.account.id) if isinstance(stored, StoredAccount) else ("shop", stored.shop.id)
    variables: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    for path, stored_names in written_secrets(stored).items():
        one = path.removesuffix("s")
        variable = f"{kind}_{name}_{one}".replace("-", "_").replace(".", "_").upper()
        named = {variable if at == 0 else f"{variable}_{at + 1}": stored.secrets[it] for at, it in enumerate(stored_names)}
        variables |= named
        first, *others = (f"env:{it}" for it in named)
        if path in _LISTS:
            lines.append((path, f"{{}} = {toml_value([first, *others])}"))
        else:
            lines.append((one, f"{{}} = {toml_value(first)}"))
            lines += [(f"{one}s", f"{{}} = {toml_value(others)}")] if others else []
    return list(_block(stored, lines)), variables


def _block(stored: StoredAccount | StoredShop, secrets: list[tuple[str, str]]) -> Iterator[str]:
    """`secrets`: their paths, and lines with `{}` for the key."""
    kind, name = ("accounts", stored.account.id) if isinstance(stored, StoredAccount) else ("shops", stored.shop.id)
    tables: dict[str, list[str]] = {"": []}
    for path, said in written(stored).items():
        table, _, key = path.rpartition(".")
        if said is not None:
            tables.setdefault(table, []).append(f"{key} = {toml_value(said)}")
    for path, line in secrets:
        table, _, key = path.rpartition(".")
        tables.setdefault(table, []).append(line.format(key))
    for table, lines in tables.items():
        yield f"[{'.'.join(filter(None, (kind, name, table)))}]"
        yield from lines
        yield ""


def _account(account: Account) -> Settings:
    return {
        "endpoint": account.endpoint,
        "client_id": account.client_id,
        "owner": account.owner,
        "calls_per_second": account.calls_per_second,
        "request_time_in_seconds": account.request_time_in_seconds,
        "fan_out": account.fan_out.value,
        "callback_addresses": list(account.callback_addresses) or None,
    }


def _shop(shop: Shop) -> Settings:
    return {
        "account": shop.account,
        "host": shop.host,
        "hosts": list(shop.hosts) or None,
        "location": shop.location,
        "number": shop.number,
        "policy": shop.policy.value,
        "integration_started_at": shop.integration_started_at,
        "time_zone": shop.time_zone,
        "country": shop.country,
        "enabled": shop.enabled,
        "shadow": shop.shadow,
        "tag_conflicts": shop.tag_conflicts.value,
        "mirror_conflicts": shop.mirror_conflicts.value,
        "propagate_unconfirmed_removals": shop.propagate_unconfirmed_removals,
        "block_masked_addresses": shop.block_masked_addresses,
        "blocked_email_domains": list(shop.blocked_email_domains) or None,
        "callback_addresses": list(shop.callback_addresses) or None,
        "cart_url": shop.cart_url,
        "fields": None if shop.fields is None else list(shop.fields),
        "consents.email": shop.consent_names.email,
        "consents.sms": shop.consent_names.sms,
        **{f"properties.{name}": field for name, field in shop.properties},
        **{f"event_details.{name}": field for name, field in shop.event_details},
        "double_opt_in.enabled": shop.double_opt_in.enabled,
        "double_opt_in.email_id": shop.double_opt_in.email_id,
        "double_opt_in.language": shop.double_opt_in.language,
        **_panel(shop),
        **_source(shop),
        **_backfill(shop),
    }


def _panel(shop: Shop) -> Settings:
    panel = shop.panel
    return {
        "panel.kind": panel.kind.value,
        "panel.base_url": panel.base_url,
        "panel.version": panel.version,
        "panel.calls_per_second": panel.calls_per_second,
        "panel.allow_private_targets": panel.allow_private_targets,
        "panel.webhook_url": panel.webhook_url,
    }


def _source(shop: Shop) -> Settings:
    source = shop.source
    if not source.kind.pushes:
        return {"source.kind": source.kind.value}
    return {
        "source.kind": source.kind.value,
        "source.panel": _panel_number(source),
        "source.scan": source.scan,
        "source.calls_per_day": source.calls_per_day,
        "source.consent_box": None if source.consent_box.value == "nobody" else source.consent_box.value,
        "source.consent_field": source.consent_field,
        "source.newsletter_field": source.newsletter_field,
        "source.addresses": list(source.addresses) or None,
    }


def _panel_number(source: ShopSource) -> int | None:
    """Of a source that is named by its panel's number."""
    match source.kind:
        case SourceKind.IDOSELL:
            return int(source.name)
        case SourceKind.WOOCOMMERCE | SourceKind.NONE:
            return None
        case _:
            assert_never(source.kind)


def _backfill(shop: Shop) -> Settings:
    backfill = shop.backfill
    return {
        "backfill.start": "automatic" if backfill.automatic else "approved",
        "backfill.canary": backfill.canary,
        "backfill.day.from": backfill.day.start,
        "backfill.day.to": backfill.day.end,
        "backfill.day.contacts_per_hour": backfill.day.contacts_per_hour,
        "backfill.night.contacts_per_hour": backfill.night.contacts_per_hour,
    }
