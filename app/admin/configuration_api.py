"""What configures, at the door for the command line: the file of shops, what is stored, removal, and keys."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI, Query, Request, Response

from app.admin.doctor import shared_account_warning
from app.bootstrap.gateway import Gateway
from app.domain.errors import NotFound
from app.domain.operations.audit import Action
from app.domain.shops.configuration import SHOP_ROLE, StoredAccount, StoredShop
from app.domain.shops.shop import Shop
from app.domain.values import Words
from app.services.shops.configuration_diff import changes, refuse_moved_locations
from app.services.shops.directory import ShopDirectory
from app.services.shops.written_settings import exported, toml_lines, written, written_secrets


class Configuration(msgspec.Struct):
    """Accounts and shops, secrets encrypted."""

    accounts: list[StoredAccount]
    shops: list[StoredShop]
    store: bool = False
    """False = only show what would change."""


def install_configuration(app: FastAPI, gateway: Gateway) -> None:
    @app.post("/configuration")
    async def configure(request: Request) -> dict[str, Any]:
        wanted = msgspec.json.decode(await request.body(), type=Configuration)
        directory = gateway.directory
        await directory.refresh()
        old = directory.stored()
        new = {one.account.id: one for one in wanted.accounts}, {one.shop.id: one for one in wanted.shops}
        refuse_moved_locations(old[1], new[1])
        lines = changes(old[0], new[0], gateway.ring) + changes(old[1], new[1], gateway.ring)
        if wanted.store:
            await directory.apply(wanted.accounts, wanted.shops, lines)
        warnings = _warnings(directory, new[0]) if wanted.store else []
        ahead = [] if wanted.store else await gateway.consequences.of(old[1], new[1])
        return {
            "changes": lines,
            "consequences": [words.en for words in ahead],
            "consequences_pl": [words.pl for words in ahead],
            "stored": wanted.store,
            "warnings": [words.en for words in warnings],
            "warnings_pl": [words.pl for words in warnings],
        }

    @app.get("/configuration")
    async def configuration(shop: str | None = None, language: Literal["en", "pl"] = "en") -> dict[str, Any]:
        """`language`: of the comments in `toml`."""
        await gateway.directory.refresh()
        shops_named(gateway, shop)
        accounts, shops = gateway.directory.stored()
        theirs = [one for name, one in shops.items() if shop in (None, name)]
        named = {one.shop.account for one in theirs}
        of_theirs = [one for name, one in accounts.items() if shop is None or name in named]
        wanted: list[StoredAccount | StoredShop] = [*of_theirs, *theirs]
        lines = [line for one in wanted for line in toml_lines(one, polish=language == "pl")]
        return {"toml": lines, "settings": [_shown_settings(one) for one in wanted]}

    @app.post("/configuration/export")
    async def export(*, with_secrets: bool = False) -> dict[str, Any]:
        """`variables`: those that the file names; without value unless the secrets are wanted too."""
        await gateway.directory.refresh()
        accounts, shops = gateway.directory.stored()
        everything: list[StoredAccount | StoredShop] = [*accounts.values(), *shops.values()]
        blocks = [exported(one) for one in everything]
        variables = {name: closed for _, named in blocks for name, closed in named.items()}
        if with_secrets:
            await gateway.audit.note(Action.SECRETS_EXPORTED, after=f"{len(variables)} secrets")
        return {
            "toml": [line for lines, _ in blocks for line in lines],
            "variables": {name: gateway.ring.open(closed) if with_secrets else "" for name, closed in variables.items()},
        }

    @app.get("/shops/{shop}/removal")
    async def preview_removal(shop: str) -> dict[str, int]:
        return await gateway.removal.preview(shop)

    @app.delete("/shops/{shop}")
    async def remove_shop(shop: str, *, unsent_too: bool = False) -> dict[str, int]:
        return await gateway.removal.remove(shop, unsent_too=unsent_too)

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        await gateway.directory.refresh()
        used = await gateway.key_use.last()
        found = [
            {
                "id": key.id,
                "role": key.role,
                "shop": key.shop_id,
                "name": key.name,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": used.get(key.id),
            }
            for key in gateway.directory.all_keys()
        ]
        return {"keys": found}

    @app.post("/keys")
    async def issue(
        shop: str | None = None,
        role: str = SHOP_ROLE,
        name: str = "",
        days: Annotated[float | None, Query(gt=0, examples=[365])] = None,
    ) -> dict[str, str]:
        expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
        return {"key": await gateway.directory.issue_key(shop, role, name=name, expires_at=expires_at)}

    @app.post("/keys/rotation")
    async def rotate(newest: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(await gateway.rotation.rotate(newest))
        await gateway.directory.refresh()
        return found

    @app.delete("/keys/{key_id:path}", status_code=204)
    async def revoke(key_id: str) -> Response:
        await gateway.directory.revoke_key(key_id)
        return Response(status_code=204)

    @app.get("/shops")
    async def shop_ids() -> list[str]:
        return [shop.id for shop in shops_named(gateway, None)]


def _warnings(directory: ShopDirectory, accounts: Iterable[str]) -> list[Words]:
    found = [(name, shared_account_warning(directory, name)) for name in accounts]
    return [Words(f"account {name}: {words.en}", f"konto {name}: {words.pl}") for name, words in found if words is not None]


def _shown_settings(stored: StoredAccount | StoredShop) -> dict[str, Any]:
    """As the file writes them; of secrets the names."""
    kind, name = ("account", stored.account.id) if isinstance(stored, StoredAccount) else ("shop", stored.shop.id)
    return {kind: name, "settings": written(stored), "secrets": sorted(written_secrets(stored))}


def shops_named(gateway: Gateway, shop_id: str | None) -> list[Shop]:
    """One shop, or all. Raises `NotFound`."""
    found = [shop for shop in gateway.directory.shops() if shop_id in (None, shop.id)]
    if shop_id is not None and not found:
        raise NotFound("shop")
    return found
