"""The ASGI application: the border, the door for events, routers, problem handlers, and the documentation of all."""

from functools import cache, partial
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.admin.doctor import callback_addresses, tracking_codes
from app.bootstrap.gateway import Gateway
from app.console.application import console_app
from app.console.uses import Uses
from app.domain.shops.shop import Shop
from app.routers import callbacks, front_page, recovered_carts, rule_pages, sources
from app.routers.edge import problem_pages, problems
from app.routers.edge.addresses import OpenDoors
from app.routers.edge.body_limits import Border
from app.routers.edge.rate_limits import Pace, Refusals
from app.routers.edge.request_record import Memory
from app.routers.events.fast.endpoint import FastEventEndpoint
from app.routers.operations import data_requests, health, lookups, manual_tasks, operators, requests
from app.routers.operations.access_pages import access_page
from app.routers.runs import backfills, reconciliations, subscriber_lists
from app.server.contract import contract_of
from app.services.operations.trace import AccessReport

_SWAGGER_UI = {
    "tryItOutEnabled": True,
    "displayRequestDuration": True,
    "defaultModelsExpandDepth": 0,  # addresses first: schemas are unfolded on request
    "validatorUrl": None,  # nothing is asked of the internet
}


_ROUTERS = tuple(
    module.router
    for module in (
        lookups,
        backfills,
        reconciliations,
        subscriber_lists,
        recovered_carts,
        requests,
        manual_tasks,
        operators,
        data_requests,
        sources,
        callbacks,
        health,
        problem_pages,
        rule_pages,
        front_page,
    )
)


def application_of(gateway: Gateway) -> ASGIApp:
    """The application on an open gateway. What shops say does not go through FastAPI, which would cost more than storing it."""
    app = _WithUses(_application(), {**_handed_over(gateway), "console": console_app(_uses(gateway))})
    limits, counts = gateway.settings, gateway.door_counts
    pace, refusals = Pace(limits.key_requests_per_minute, counts), Refusals(limits.refusals_per_minute, counts)
    memory = Memory(gateway.requests, gateway.directory)
    events = FastEventEndpoint(app, gateway.directory, gateway.intake, pace)
    return gateway.parts.door(Border(events, gateway.directory, pace, refusals, memory))


def health_application_of(gateway: Gateway) -> ASGIApp:
    """Of a process that only works: whether it is alive and ready, and what it counts."""
    app = FastAPI(openapi_url=None)
    app.include_router(health.router)
    problems.install(app)
    return _WithUses(app, _handed_over(gateway))


class _WithUses:
    """Puts a gateway's use cases into the state of every request, where `routers.edge.dependencies` finds them.

    So one application, whose routes take long to build, serves any number of gateways.
    """

    def __init__(self, app: ASGIApp, uses: dict[str, Any]) -> None:
        self._app = app
        self._uses = uses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope.setdefault("state", {}).update(self._uses)
        await self._app(scope, receive, send)


def _uses(gateway: Gateway) -> Uses:
    """What the console shows and does."""
    return Uses(
        directory=gateway.directory,
        trace=gateway.trace,
        data_requests=gateway.data_requests,
        access_page=partial(_access_page, gateway),
        health=gateway.health,
        operations=gateway.operations,
        backfills=gateway.backfills,
        reconciliations=gateway.reconciliations,
        manual_tasks=gateway.manual_tasks,
        disputes=gateway.disputes,
        waits=gateway.waits,
        pushes=gateway.sources.pushes,
        sources=gateway.sources.watch,
        requests=gateway.requests,
        audit=gateway.audit,
        installation=gateway.installation,
        history=gateway.history,
        key_use=gateway.key_use,
        sessions=gateway.sessions,
        callbacks=partial(callback_addresses, gateway),
        tracking_codes=partial(tracking_codes, gateway.directory),
    )


def _access_page(gateway: Gateway, report: AccessReport, shop: Shop, language: str) -> str:
    return access_page(report, shop, gateway.directory.account(shop.account), language)


@cache
def _application() -> FastAPI:
    """Once per process."""
    app = FastAPIOffline(
        title="Shop gateway",
        version=__version__,
        docs_url="/docs",
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        swagger_ui_parameters=_SWAGGER_UI,
    )
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/console", _console, name="console")
    problems.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the documented way to extend the document
    return app


async def _console(scope: Scope, receive: Receive, send: Send) -> None:
    """The console of the gateway that the request came to."""
    await scope["state"]["console"](scope, receive, send)


def _handed_over(gateway: Gateway) -> dict[str, Any]:
    """The use cases, by the names that `routers.edge.dependencies` asks for."""
    return {
        "intake": gateway.intake,
        "trace": gateway.trace,
        "data_requests": gateway.data_requests,
        "health": gateway.health,
        "directory": gateway.directory,
        "callbacks": gateway.callbacks,
        "manual_tasks": gateway.manual_tasks,
        "consents": gateway.consents,
        "recovery": gateway.recovery,
        "reconciliations": gateway.reconciliations,
        "backfills": gateway.backfills,
        "disputes": gateway.disputes,
        "waits": gateway.waits,
        "operations": gateway.operations,
        "requests": gateway.requests,
        "audit": gateway.audit,
        "pushes": gateway.sources.pushes,
        "connecting": gateway.sources.connecting,
        "open_doors": OpenDoors(gateway.settings.metrics_open_to, behind_proxy=bool(gateway.settings.forwarded_allow_ips)),
    }


def _operation_id(route: APIRoute) -> str:
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    if not app.openapi_schema:
        app.openapi_schema = contract_of(app, _ROUTERS)
    return app.openapi_schema


def openapi() -> dict[str, Any]:
    """The contract: what `/openapi.json` shows. Not to be changed."""
    return _application().openapi()
