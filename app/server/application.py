"""The ASGI application: the border, the door for events, routers, problem handlers, and the documentation of all."""

from functools import cache, partial
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.admin.doctor import callback_addresses
from app.bootstrap.gateway import Gateway
from app.console.application import console_app
from app.console.session import Uses
from app.domain.errors import NotAllowed
from app.routers import (
    backfills,
    callbacks,
    health,
    lookups,
    manual_tasks,
    operations,
    reconciliations,
    recovered_carts,
    requests,
    sources,
    subscriber_lists,
)
from app.routers.edge import problem_pages, problems
from app.routers.edge.addresses import OpenDoors
from app.routers.edge.body_limits import Border
from app.routers.edge.rate_limits import Pace, Refusals
from app.routers.edge.request_record import Memory
from app.routers.events import batch, endpoints
from app.routers.events.fast.endpoint import FastEventEndpoint
from app.routers.events.schemas import BATCHABLE

_DESCRIPTION = """
Post what happens in your shop; the gateway decides by the shop's rules what travels to SALESmanago, and tells you why.

* **202** means stored durably. Send the same `event_id` again whenever you are unsure: it has one effect.
* A batch is answered 202 if every event was taken, 207 if some were, 422 if none was; `items` says which.
* Times carry their offset. Unknown fields are ignored and named in the receipt's `warnings`.
* Every failing answer is a problem document (RFC 9457) that names the field, the rule and a right value.
"""


def application_of(gateway: Gateway) -> ASGIApp:
    """The application on an open gateway. What shops say does not go through FastAPI, which would cost more than storing it."""
    app = _WithUses(_application(), {**_handed_over(gateway), "console": console_app(_uses(gateway))})
    limits, counts = gateway.settings, gateway.door_counts
    pace, refusals = Pace(limits.key_requests_per_minute, counts), Refusals(limits.refusals_per_minute, counts)
    memory = Memory(gateway.requests, gateway.directory)
    return Border(FastEventEndpoint(app, gateway.directory, gateway.intake, pace), gateway.directory, pace, refusals, memory)


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
        health=gateway.health,
        operations=gateway.operations,
        backfills=gateway.backfills,
        reconciliations=gateway.reconciliations,
        hand_work=gateway.hand_work,
        disputes=gateway.disputes,
        requests=gateway.requests,
        audit=gateway.audit,
        sessions=gateway.sessions,
        callbacks=partial(callback_addresses, gateway),
    )


@cache
def _application() -> FastAPI:
    """Once per process."""
    app = FastAPIOffline(
        title="Shop gateway",
        version=__version__,
        description=_DESCRIPTION,
        docs_url="/docs",
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
    )
    for module in (
        lookups,
        backfills,
        reconciliations,
        subscriber_lists,
        recovered_carts,
        requests,
        manual_tasks,
        operations,
        sources,
        callbacks,
        health,
        problem_pages,
    ):
        app.include_router(module.router)
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
        "health": gateway.health,
        "directory": gateway.directory,
        "callbacks": gateway.callbacks,
        "hand_work": gateway.hand_work,
        "consents": gateway.consents,
        "recovery": gateway.recovery,
        "reconciliations": gateway.reconciliations,
        "backfills": gateway.backfills,
        "disputes": gateway.disputes,
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
    """The generated document, with the schemas that only problem answers and the batch refer to."""
    if app.openapi_schema:
        return app.openapi_schema
    routes = [*endpoints.documentation.routes, *batch.documentation.routes, *app.routes]
    document: dict[str, Any] = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
    schemas = document["components"]["schemas"]
    models: list[type[BaseModel]] = [problems.Problem, *BATCHABLE.values()]
    for model in models:
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, schema in {**made.pop("$defs", {}), model.__name__: made}.items():
            schemas.setdefault(name, schema)
    for path in document["paths"].values():
        for method, operation in path.items():
            invalid = operation.get("responses", {}).get("422", {})
            if "HTTPValidationError" in str(invalid):
                invalid.update(problems.documented(422)[422])
            _document_border(operation)
            if method != "get" and "401" in operation["responses"] and "events" not in operation.get("tags", ()):
                operation["responses"].setdefault("403", problems.documented(403, of=NotAllowed)[403])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    app.openapi_schema = document
    return document


def _document_border(operation: dict[str, Any]) -> None:
    """What the border may answer before any route does."""
    answers = operation["responses"]
    border = [400, 414] if operation.get("parameters") else []
    border += [429] if answers.keys() & {"401", "403"} else []
    for status, answer in problems.documented(*border).items():
        answers.setdefault(str(status), answer)


def openapi() -> dict[str, Any]:
    """The contract: what `/openapi.json` shows."""
    return _application().openapi()


def openapi_yaml() -> str:
    """The contract as text, for `openapi.yaml`."""
    return yaml.safe_dump(openapi(), sort_keys=False, allow_unicode=True, width=120)
