"""The door for the command line: the same commands whether a gateway runs (through its socket) or not (in this process).

An embedded database has one owner, so a command never opens it beside a running gateway. The socket lies next to the
database file, readable by its owner alone; who can open the file could read everything anyway.
"""

from contextvars import ContextVar
from functools import cache
from typing import Annotated, Any, cast

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.admin.configuration_api import install_configuration, shops_named
from app.admin.conflicts_api import install_conflicts
from app.admin.data_requests_api import install_data_requests
from app.admin.doctor import callback_addresses, examine, tracking_codes
from app.admin.runs_api import install_runs
from app.admin.support_bundle import bundle_of
from app.admin.versions import refuse_other_versions, says_its_version
from app.bootstrap.gateway import Gateway
from app.configuration.control_socket import USER_HEADER
from app.domain.errors import NotFound
from app.domain.intake.pushes import PushState
from app.domain.operations.audit import Actor, Door
from app.domain.operations.installation import Whereabouts
from app.domain.operations.trace import EventTrace
from app.formats.words import mended
from app.observability.redaction import redacted
from app.routers.edge import problems
from app.routers.operations.consent_exports import ConsentChainOut
from app.routers.operations.event_traces import EventOut
from app.routers.operations.health import Readiness, metrics_of
from app.routers.operations.manual_tasks import HandWorkOut
from app.routers.operations.open_items import OpenItemOut
from app.routers.operations.operators import (
    AuditEntryOut,
    AuditOut,
    LineOut,
    LinesOut,
    ParkedOut,
    ReplayIn,
    ReplayMode,
    ReplayOut,
    shown_parked,
)
from app.routers.operations.requests import After, Limit, Outcomes, RequestsOut
from app.routers.operations.shop_states import shop_states_of
from app.routers.sources import Again, ConnectionOut, Kept, Push, PushList
from app.services.operations.audit import acts


def control_app(gateway: Gateway) -> ASGIApp:
    """The door on an open gateway."""
    app = _control_app()

    async def opened(scope: Scope, receive: Receive, send: Send) -> None:
        _opened.set(gateway)
        await app(scope, receive, says_its_version(send))

    return opened


_opened: ContextVar[Gateway] = ContextVar("opened")


class _Opened:
    """Stands for the gateway that a request came to."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_opened.get(), name)


@cache
def _control_app() -> FastAPI:
    """Once per process: its routes take longer to build than most commands to run."""
    gateway = cast("Gateway", _Opened())

    async def name_caller(request: Request) -> None:
        """A caller of the socket may say who they are; that stands in the audit log."""
        acts(Actor(Door.CLI, redacted(mended(request.headers.get(USER_HEADER, "")))[:64] or "?"))

    app = FastAPI(openapi_url=None, dependencies=[Depends(refuse_other_versions), Depends(name_caller)])
    problems.install(app)

    install_configuration(app, gateway)
    install_data_requests(app, gateway)
    install_runs(app, gateway)
    install_conflicts(app, gateway)

    @app.get("/status")
    async def status() -> dict[str, Any]:
        """As `/readyz` for an operator, with the events by state, why some were not sent, and what waits."""
        report = await gateway.health.report()
        waiting = [LineOut.of(line).model_dump(mode="json") for line in await gateway.operations.waiting()]
        shops = [one.model_dump(mode="json") for one in shop_states_of(report)]
        readiness = Readiness.of(await gateway.health.readiness(), report).model_dump()
        items = [OpenItemOut.of(item).model_dump(mode="json") for item in await gateway.waits.items()]
        return {**readiness, "shops": shops, "waiting": waiting, "open": items}

    @app.get("/metrics")
    async def metrics() -> Response:
        return await metrics_of(gateway.health)

    @app.get("/parked")
    async def parked(shop: str | None = None) -> ParkedOut:
        shops_named(gateway, shop)
        return await shown_parked(gateway.operations, gateway.waits, gateway.health, shop)

    @app.post("/replays")
    async def replays(body: ReplayIn) -> ReplayOut:
        await gateway.directory.refresh()
        shops_named(gateway, body.filter.shop_id)
        work = gateway.operations.preview if body.mode is ReplayMode.PREVIEW else gateway.operations.replay
        return ReplayOut.of(body.mode, await work(body.filter))

    @app.get("/neighbours")
    async def neighbours() -> LinesOut:
        return LinesOut(neighbours=[LineOut.of(line) for line in await gateway.operations.lines()])

    @app.get("/requests")
    async def requests(shop: str | None = None, outcome: Outcomes = None, after: After = None, limit: Limit = 100) -> RequestsOut:
        shops_named(gateway, shop)
        return RequestsOut.of(await gateway.requests.recent(shop, outcome or (), after, limit), after)

    @app.get("/connections/idosell/{shop}")
    async def connection(shop: str) -> dict[str, Any]:
        await gateway.directory.refresh()
        found = await gateway.sources.connecting.check(shop)
        return {**ConnectionOut.of(found).model_dump(mode="json"), "tokens": found.tokens}

    @app.get("/pushes")
    async def pushes(state: PushState | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> PushList:
        return PushList(pushes=[Push.of(line) for line in await gateway.sources.pushes.lines(None, None, state, limit)])

    @app.get("/pushes/{number}/body")
    async def push_body(number: int) -> Kept:
        return Kept(body=(await gateway.sources.pushes.body(number)).decode("utf-8", errors="replace"))

    @app.post("/pushes/{number}/again")
    async def push_again(number: int) -> Again:
        return Again(pushes=await gateway.sources.pushes.again([number]))

    @app.get("/audit")
    async def audit(shop: str | None = None, before: Annotated[int | None, Query(examples=[417])] = None) -> AuditOut:
        shops_named(gateway, shop)
        return AuditOut(entries=[AuditEntryOut.of(number, one) for number, one in await gateway.audit.newest(shop, before)])

    @app.get("/doctor")
    async def doctor(shop: str | None = None, *, writes: bool = False) -> dict[str, Any]:
        return {"findings": [finding.shown() for finding in await examine(gateway, shop, writes=writes)]}

    @app.get("/installation")
    async def installation() -> dict[str, Any]:
        await gateway.installation.check(writes=False)
        return _whereabouts(gateway.installation.whereabouts)

    @app.post("/installation/confirm")
    async def confirm_installation() -> dict[str, Any]:
        return _whereabouts(await gateway.installation.confirm())

    @app.get("/support-bundle")
    async def support_bundle() -> dict[str, Any]:
        return await bundle_of(gateway)

    @app.post("/why")
    async def why(request: Request) -> dict[str, Any]:
        about = (await request.json())["about"]
        found = await _about(gateway, about)
        waiting = await gateway.trace.waiting(found)
        return {"events": [{"shop": one.shop_id, **EventOut.of(one, waiting).model_dump(mode="json")} for one in found]}

    @app.get("/callbacks")
    async def callbacks(name: str | None = None) -> dict[str, Any]:
        await gateway.directory.refresh()
        known = [*(one.id for one in gateway.directory.shops()), *(one.id for one in gateway.directory.accounts())]
        if name is not None and name not in known:
            raise NotFound("shop or account")
        return {"callbacks": [one for one in callback_addresses(gateway) if name in (None, one["of"].partition(" ")[2])]}

    @app.get("/tracking-code/{shop}")
    async def tracking(shop: str) -> dict[str, Any]:
        (one,) = shops_named(gateway, shop)
        return {"codes": tracking_codes(gateway.directory, one)}

    @app.get("/hand-work")
    async def hand_work(shop: str | None = None) -> dict[str, Any]:
        found = [(one, await gateway.manual_tasks.of_shop(one.id)) for one in shops_named(gateway, shop)]
        items = [{"shop": one.id, **HandWorkOut.of(item).model_dump(mode="json")} for one, tasks in found for item in tasks.items]
        return {"items": items, "shops_with_more": [one.id for one, tasks in found if tasks.has_more]}

    @app.post("/hand-work/{shop}/{number}/done", status_code=204)
    async def hand_work_done(shop: str, number: int) -> Response:
        await gateway.manual_tasks.done(shop, number)
        return Response(status_code=204)

    @app.get("/ledger")
    async def ledger(shop: str | None = None) -> dict[str, Any]:
        shops_named(gateway, shop)
        found = [msgspec.to_builtins(one) for one in await gateway.ledger.examine(shop)]
        return {"ledgers": [{"shop": one.pop("shop_id"), **one} for one in found]}

    @app.post("/consents")
    async def consents(request: Request) -> dict[str, Any]:
        email = (await request.json())["email"].strip().lower()
        chains = [
            {"shop": shop.id, **ConsentChainOut.of(chain).model_dump(mode="json")}
            for shop in gateway.directory.shops()
            for chain in await gateway.consents.export(shop.id, email)
        ]
        return {"chains": chains}

    return app


def _whereabouts(found: Whereabouts | None) -> dict[str, Any]:
    assert found is not None  # its existence was just checked
    was = [{"words": one.place.words, "last_seen_at": one.seen_at} for one in found.elsewhere]
    words, words_pl = found.words
    return {"confirmed": found.is_confirmed, "here": found.here.words, "was": was, "words": words, "words_pl": words_pl}


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
