"""The door for the command line: the same commands whether a gateway runs (through its socket) or not (in this process).

An embedded database has one owner, so a command never opens it beside a running gateway. The socket lies next to the
database file, readable by its owner alone; who can open the file could read everything anyway.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI, Request, Response

from app.bootstrap import Gateway, open_gateway
from app.domain.delivery import Refused
from app.domain.errors import NotFound
from app.domain.registry import SHOP_ROLE, StoredAccount, StoredShop
from app.domain.trace import EventTrace
from app.routers import problems
from app.routers.lookups import EventOut
from app.services.configure import changes, refuse_moved_locations
from app.settings import Settings
from app.storage.database import AlreadyOwned


class Configuration(msgspec.Struct):
    """Accounts and shops, secrets encrypted."""

    accounts: list[StoredAccount]
    shops: list[StoredShop]
    store: bool = False
    """False = only show what would change."""


def control_app(gateway: Gateway) -> FastAPI:
    app = FastAPI(openapi_url=None)
    problems.install(app)

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
            await directory.apply(wanted.accounts, wanted.shops)
        return {"changes": lines, "stored": wanted.store}

    @app.get("/keys")
    async def keys() -> list[dict[str, Any]]:
        await gateway.directory.refresh()
        return [
            {"id": key.id, "role": key.role, "shop": key.shop_id, "created_at": key.created_at, "revoked_at": key.revoked_at}
            for key in gateway.directory.all_keys()
        ]

    @app.post("/keys")
    async def issue(shop: str | None = None, role: str = SHOP_ROLE) -> dict[str, str]:
        return {"key": await gateway.directory.issue_key(shop, role)}

    @app.delete("/keys/{key_id:path}", status_code=204)
    async def revoke(key_id: str) -> Response:
        await gateway.directory.revoke_key(key_id)
        return Response(status_code=204)

    @app.get("/status")
    async def status() -> dict[str, Any]:
        return msgspec.to_builtins(await gateway.health.report())  # type: ignore[no-any-return]

    @app.get("/doctor")
    async def doctor(shop: str | None = None) -> dict[str, Any]:
        return {"findings": await examine(gateway, shop)}

    @app.post("/why")
    async def why(request: Request) -> list[dict[str, Any]]:
        about = (await request.json())["about"]
        return [{"shop": one.shop_id, **EventOut.of(one).model_dump(mode="json")} for one in await _about(gateway, about)]

    return app


async def _about(gateway: Gateway, about: str) -> list[EventTrace]:
    """An address, an order number or an event id, in every shop."""
    found: list[EventTrace] = []
    for shop in gateway.directory.shops():
        if "@" in about:
            found += await gateway.trace.of_person(shop.id, about.strip().lower())
            continue
        found += await gateway.trace.of_order(shop.id, about)
        try:
            event = await gateway.trace.of_event(shop.id, about)
        except NotFound:
            continue
        if event not in found:
            found.append(event)
    return found


async def examine(gateway: Gateway, shop_id: str | None) -> list[dict[str, Any]]:
    """What a doctor looks at: the store, each account's signature and owner, each shop's traps."""
    findings: list[dict[str, Any]] = []

    def note(about: str, *, good: bool, words: str) -> None:
        findings.append({"about": about, "good": good, "words": words})

    report = await gateway.health.report()
    note("database", good=report.ready, words="usable and migrated" if report.ready else "; ".join(report.problems))
    shops = [shop for shop in gateway.directory.shops() if shop_id in (None, shop.id)]
    if not shops:
        note(shop_id or "shops", good=False, words="No such shop is configured. Write one into the file of `gateway apply`.")
    for account_id in sorted({shop.account for shop in shops}):
        answer = await gateway.upstreams.client(account_id).owners()
        account = gateway.upstreams.client(account_id).account
        if isinstance(answer, list):
            known = account.owner.lower() in (owner.lower() for owner in answer)
            words = "signature accepted, owner known" if known else "the owner is none of the account's users; correct `owner`"
            note(f"account {account_id}", good=known, words=words)
        else:
            why = answer.message if isinstance(answer, Refused) else type(answer).__name__.lower()
            note(f"account {account_id}", good=False, words=f"SALESmanago: {why}. Check endpoint, client_id and api_secret.")
    for problem in report.problems:
        note("warning", good=False, words=problem)
    for shop in shops:
        mode = "shadow mode: nothing is sent" if shop.shadow else f"policy {shop.policy.value}"
        note(f"shop {shop.id}", good=shop.enabled, words=mode if shop.enabled else "disabled: its events are held")
    return findings


@asynccontextmanager
async def control(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the control door: of the running gateway if there is one, of one in this process otherwise."""
    async with AsyncExitStack() as stack:
        transport: httpx.AsyncBaseTransport
        try:
            gateway = await stack.enter_async_context(open_gateway(settings))
            transport = httpx.ASGITransport(control_app(gateway))
        except AlreadyOwned:
            transport = httpx.AsyncHTTPTransport(uds=str(settings.control_socket))
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=60))
