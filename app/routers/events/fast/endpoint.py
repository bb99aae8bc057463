"""The door for events: from a request to a receipt, past FastAPI, whose routing and parameters cost more than the durable write.

It serves every address at which a shop says what happened; every other request passes on. What /docs shows of these addresses
stands beside what serves them, in `shop_events` and `batch`.
"""

import contextlib
import re

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.formats.charsets import in_utf8
from app.routers.edge.asked import ASKED
from app.routers.edge.dependencies import check_signature, own_shop
from app.routers.edge.problems import note_refusal, problem_of
from app.routers.edge.rate_limits import Pace
from app.routers.edge.request_record import CALLER, current, headers_of
from app.routers.events import batch, endpoints
from app.routers.events.fields.identifiers import EVENT_ID
from app.routers.events.ingest import Handler, Taken
from app.services.intake import Intake
from app.services.shops.directory import ShopDirectory

_ADDRESS = re.compile("/v1/shops/([^/]+)/([^/]+)").fullmatch
_ASKED = {**endpoints.ASKED, batch.PATH: batch.ASKED}
_TAKES: dict[str, Handler] = {**endpoints.HANDLERS, batch.PATH: batch.take}


class FastEventEndpoint:
    """Plain ASGI, behind `Border`, which knows the caller and has read the body."""

    def __init__(self, app: ASGIApp, directory: ShopDirectory, intake: Intake, pace: Pace) -> None:
        self._app = app
        self._pace = pace
        self._directory = directory
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _ADDRESS(scope["path"]) if scope["type"] == "http" else None
        if address is None or address[2] not in _TAKES:
            await self._app(scope, receive, send)
            return
        scope[ASKED] = _ASKED[address[2]]
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        try:
            answer = await self._answer(scope, message["body"], address[1], _TAKES[address[2]])
        except Exception as error:
            _name_event(message["body"])
            response = await problem_of(Request(scope), error)
            await response(scope, receive, send)
            return
        headers = [(b"content-type", answer.media_type), (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, body: bytes, shop_id: str, take: Handler) -> Taken:
        """Who calls, and then what happened."""
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        headers = headers_of(scope)
        shop = own_shop(self._directory, scope[CALLER], shop_id)
        if shop.signed_requests:
            check_signature(self._directory, shop, Headers(scope=scope), body)
        answer = await take(self._intake, shop, headers, in_utf8(body, headers.get(b"content-type", b"")))
        record = current()
        if record is not None:
            record.event_id = answer.event_id
            if answer.detail:
                note_refusal(record, batch.REFUSED if answer.status >= 400 else "", answer.detail, answer.errors)
        if self._pace.limited:
            self._pace.charge(scope[CALLER].key_id, answer.items - 1)
        return answer


class _Head(msgspec.Struct):
    event_id: str | None = None


_head = msgspec.json.Decoder(_Head)


def _name_event(body: bytes) -> None:
    """A refusal is easier to find by the id of its event."""
    record = current()
    if record is not None and record.event_id is None:
        with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
            named = _head.decode(body).event_id
            record.event_id = named if named and EVENT_ID.fullmatch(named) else None
