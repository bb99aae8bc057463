"""The addresses SALESmanago calls when somebody opts in or out (R53-R55; contract 5.4)."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse

from app.domain.shops.senders import Address
from app.formats.contact_values import email_address
from app.routers.edge.addresses import address_of
from app.routers.edge.dependencies import CallbacksDep
from app.routers.edge.field_examples import EXAMPLES
from app.routers.edge.problems import BadParameter, documented

router = APIRouter(prefix="/callbacks", tags=["SALESmanago: callbacks"], responses=documented(400, 403, 503))

_LONGEST = 1000


class Direction(StrEnum):
    """What a contact did in SALESmanago."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"


class Called:
    """The two parameters of a callback, as they were written: how a plus sign was meant is for the signature to say."""

    def __init__(self, raw_email: str, key: str, sender: Address | None) -> None:
        self.raw_email = raw_email
        self.key = key
        self.sender = sender


Email = Annotated[
    str | None, Query(description="The contact's address; `$email$` in the template.", examples=["jan.kowalski@example.com"])
]
Key = Annotated[
    str | None,
    Query(description="SHA-1 over address and secret; `sha1($email$SECRET)` in the template.", examples=[EXAMPLES["key"]]),
]


async def _called(request: Request, email: Email = None, key: Key = None) -> Called:  # noqa: ARG001 - for the documentation
    """From the query, or from a form that was posted."""
    written = _parameters(request.scope["query_string"].decode("latin-1"))
    if request.method == "POST" and not written.keys() >= {"email", "key"}:
        written = _parameters((await request.body()).decode("latin-1")) | written
    return Called(_the_one(written, "email"), _the_one(written, "key"), address_of(request.scope))


def _parameters(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(name.strip(), []).append(value)
    return found


def _the_one(written: dict[str, list[str]], name: str) -> str:
    values = written.get(name, [])
    if len(values) != 1 or not values[0].strip() or len(values[0]) > _LONGEST:
        raise BadParameter(name, "missing", f"give the parameter {name} once")
    return values[0].strip()


CalledDep = Annotated[Called, Depends(_called)]
Shop = Annotated[str, Path(description="The shop's id.", examples=["shop1"], max_length=64)]
_STORED = "Stored; the shops follow."
_OK: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"example": "OK"}}}}
Which = Annotated[Direction, Path(description="What the contact did.", examples=["opt-out"])]
Account = Annotated[str, Path(description="The account's id.", examples=["main"], max_length=64)]


def _address(verified: str) -> str:
    try:
        return email_address(verified)
    except ValueError as error:
        raise BadParameter("email", "value_error", str(error)) from None


async def _of_shop(shop: str, direction: Direction, called: Called, callbacks: CallbacksDep) -> PlainTextResponse:
    email = callbacks.verified_for_shop(shop, called.raw_email, called.key, called.sender)
    await callbacks.take_for_shop(shop, _address(email), opt_in=direction is Direction.OPT_IN)
    return PlainTextResponse("OK")


async def _of_account(account: str, direction: Direction, called: Called, callbacks: CallbacksDep) -> PlainTextResponse:
    email = callbacks.verified_for_account(account, called.raw_email, called.key, called.sender)
    await callbacks.take_for_account(account, _address(email), opt_in=direction is Direction.OPT_IN)
    return PlainTextResponse("OK")


@router.get(
    "/shops/{shop}/{direction}",
    response_class=PlainTextResponse,
    responses=_OK,
    response_description=_STORED,
    summary="A contact opted in or out, for one shop",
)
async def shop_called_back(shop: Shop, direction: Which, called: CalledDep, callbacks: CallbacksDep) -> PlainTextResponse:
    """A contact opted in or out: the newsletter of this one shop follows.

    Paste the addresses that `gateway callbacks` prints into SALESmanago. An opt-out counts at once; an opt-in once
    SALESmanago's own record shows it. Calling again changes nothing.
    """
    return await _of_shop(shop, direction, called, callbacks)


@router.post(
    "/shops/{shop}/{direction}",
    response_class=PlainTextResponse,
    responses=_OK,
    response_description=_STORED,
    summary="The same by POST, for one shop",
)
async def shop_called_back_by_post(shop: Shop, direction: Which, called: CalledDep, callbacks: CallbacksDep) -> PlainTextResponse:
    """The same, for a caller that posts. The parameters may stand in the query or in a form."""
    return await _of_shop(shop, direction, called, callbacks)


@router.get(
    "/accounts/{account}/{direction}",
    response_class=PlainTextResponse,
    responses=_OK,
    response_description=_STORED,
    summary="A contact opted in or out, for all shops of an account",
)
async def account_called_back(account: Account, direction: Which, called: CalledDep, callbacks: CallbacksDep) -> PlainTextResponse:
    """A contact opted in or out: the newsletters of all shops of the account that know the person follow, with a receipt each."""
    return await _of_account(account, direction, called, callbacks)


@router.post(
    "/accounts/{account}/{direction}",
    response_class=PlainTextResponse,
    responses=_OK,
    response_description=_STORED,
    summary="The same by POST, for all shops of an account",
)
async def account_called_back_by_post(
    account: Account, direction: Which, called: CalledDep, callbacks: CallbacksDep
) -> PlainTextResponse:
    """The same, for a caller that posts. The parameters may stand in the query or in a form."""
    return await _of_account(account, direction, called, callbacks)


@router.head("/{kind}/{name}/{direction}", include_in_schema=False)
async def looked_at(kind: str, name: str, direction: str) -> PlainTextResponse:  # noqa: ARG001
    """A request that only checks whether the address exists changes nothing."""
    return PlainTextResponse("")
