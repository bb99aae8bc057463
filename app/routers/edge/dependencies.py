"""What handlers are given: the caller, and the use cases of the gateway that the request came to."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers
from starlette.types import Scope

from app.domain.errors import NotAllowed, NotFound, UnknownCaller
from app.domain.operations.audit import Actor, Door
from app.domain.shops.configuration import OPERATOR_ROLE, READER_ROLE, may
from app.domain.shops.shop import Shop
from app.routers.edge.addresses import OpenDoors
from app.routers.edge.request_record import headers_of
from app.services.from_salesmanago.callbacks import Callbacks
from app.services.health.health import Health
from app.services.health.waiting import WhatWaits
from app.services.intake import Intake
from app.services.operations.audit import AuditLog, acts
from app.services.operations.consent_export import ConsentReader
from app.services.operations.data_requests import DataRequests
from app.services.operations.disputes import Disputes
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.operations.trace import Trace
from app.services.outbox.manual_tasks import ManualTaskList
from app.services.recovery_links import RecoveryLinks
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.services.shops.directory import Caller, ShopDirectory
from app.sources.idosell.connecting import Connecting
from app.sources.taking import Pushes

# All of them are `async def`: FastAPI sends plain functions to a thread pool, eight trips per request.
_bearer = HTTPBearer(auto_error=False, scheme_name="shop-key")


def _handed_over(name: str) -> Any:
    """What `server.application` put into the request's state under a name."""

    async def dependency(request: Request) -> Any:
        return getattr(request.state, name)

    return Depends(dependency)


IntakeDep = Annotated[Intake, _handed_over("intake")]
TraceDep = Annotated[Trace, _handed_over("trace")]
HealthDep = Annotated[Health, _handed_over("health")]
DirectoryDep = Annotated[ShopDirectory, _handed_over("directory")]
CallbacksDep = Annotated[Callbacks, _handed_over("callbacks")]
BackfillsDep = Annotated[Backfills, _handed_over("backfills")]
RecoveryDep = Annotated[RecoveryLinks, _handed_over("recovery")]
ReconciliationsDep = Annotated[Reconciliations, _handed_over("reconciliations")]
ManualTasksDep = Annotated[ManualTaskList, _handed_over("manual_tasks")]
ConsentsDep = Annotated[ConsentReader, _handed_over("consents")]
DataRequestsDep = Annotated[DataRequests, _handed_over("data_requests")]
OperationsDep = Annotated[Operations, _handed_over("operations")]
ConnectingDep = Annotated[Connecting, _handed_over("connecting")]
PushesDep = Annotated[Pushes, _handed_over("pushes")]
RequestsDep = Annotated[RequestLog, _handed_over("requests")]
WaitsDep = Annotated[WhatWaits, _handed_over("waits")]
ConflictsDep = Annotated[Disputes, _handed_over("disputes")]


async def _caller(directory: DirectoryDep, key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    if key is None:
        raise UnknownCaller
    caller = directory.caller(key.credentials)
    acts(Actor(Door.API, caller_name(caller)))
    return caller


def caller_name(caller: Caller) -> str:
    """For the audit log."""
    return f"{caller.name or caller.shop_id or caller.role} ({caller.key_id})"


async def _calling_shop(
    directory: DirectoryDep,
    caller: Annotated[Caller, Depends(_caller)],
    shop: Annotated[str, Path(description="The shop's id.", examples=["shop1"])],
) -> Shop:
    return own_shop(directory, caller, shop)


def own_shop(directory: ShopDirectory, caller: Caller, shop_id: str) -> Shop:
    """The key says who calls; a path with another shop's name answers as if there were none (R71)."""
    found = directory.shop(shop_id)
    if found is None or caller.shop_id != shop_id:
        raise NotFound("shop")
    return found


async def _read_shop(
    directory: DirectoryDep,
    caller: Annotated[Caller, Depends(_caller)],
    shop: Annotated[str, Path(description="The shop's id.", examples=["shop1"])],
) -> Shop:
    """An operator's key reads every shop and posts no events to any."""
    found = directory.shop(shop)
    if found is None or (not may(caller.role, READER_ROLE) and caller.shop_id != shop):
        raise NotFound("shop")
    return found


def caller_of(directory: ShopDirectory, scope: Scope) -> Caller:
    """Who calls, from the headers alone. Raises `UnknownCaller`."""
    authorization = headers_of(scope).get(b"authorization", b"")
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise UnknownCaller
    return directory.caller(key.strip())


async def _signing_shop(request: Request, directory: DirectoryDep, shop: Annotated[Shop, Depends(_calling_shop)]) -> Shop:
    if shop.signed_requests:
        check_signature(directory, shop, request.headers, await request.body())
    return shop


async def _acting_shop(
    request: Request,
    directory: DirectoryDep,
    caller: Annotated[Caller, Depends(_caller)],
    shop: Annotated[Shop, Depends(_read_shop)],
) -> Shop:
    """The shop itself, signed if it signs, or an operator: for what staff do, not for what customers did."""
    if may(caller.role, READER_ROLE):
        needs(caller, OPERATOR_ROLE)
    elif shop.signed_requests:
        check_signature(directory, shop, request.headers, await request.body())
    return shop


async def _operator(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    """An operator. A shop's key finds nothing here."""
    if not may(caller.role, READER_ROLE):
        raise NotFound("operation for a shop's key")
    return caller


def needs(caller: Caller, role: str) -> None:
    """Raises `NotAllowed` for staff whose key only reads."""
    if not may(caller.role, role):
        raise NotAllowed(f"This key may only read. It takes one of the role {role}.")


async def _perhaps_operator(
    directory: DirectoryDep, key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller | None:
    """None for a stranger, and for a shop, which learns no more of other shops than a stranger does."""
    caller = None if key is None else directory.caller(key.credentials)
    return caller if caller is not None and may(caller.role, READER_ROLE) else None


async def _metrics_reader(
    request: Request,
    directory: DirectoryDep,
    doors: Annotated[OpenDoors, _handed_over("open_doors")],
    key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    if not doors.metrics_open_to(request.scope):
        await _operator(await _caller(directory, key))


def check_signature(directory: ShopDirectory, shop: Shop, headers: Headers, body: bytes) -> None:
    """For a shop that signs: the raw body, five minutes old at most (Standard Webhooks). Raises `UnknownCaller`.

    Every secret is tried, whatever came out before.
    """
    genuine = [_is_signed(secret, dict(headers), body) for secret in directory.signing_secrets(shop.id)]
    if not any(genuine):
        raise UnknownCaller("The request is not signed as this shop signs its requests.")


def _is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


CallingShop = Annotated[Shop, Depends(_signing_shop)]
ActingShop = Annotated[Shop, Depends(_acting_shop)]
ReadableShop = Annotated[Shop, Depends(_read_shop)]
Operator = Annotated[Caller, Depends(_operator)]
AuditDep = Annotated[AuditLog, _handed_over("audit")]
PerhapsOperator = Annotated[Caller | None, Depends(_perhaps_operator)]
MetricsReader = Annotated[None, Depends(_metrics_reader)]
KEYS_TAKEN: Mapping[Callable[..., Any], tuple[str, ...]] = {
    _calling_shop: ("shop-key",),
    _read_shop: ("shop-key", "operator-key"),
    _operator: ("operator-key",),
    _perhaps_operator: ("", "operator-key"),
    _metrics_reader: ("operator-key",),
}
"""Who is let in by which kinds of key, for the documentation; empty = also without one."""
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Serves as `event_id` when the body has none; if both are there, they must be the same.",
        examples=["order-5501-placed"],
        max_length=256,
    ),
]
