"""The page behind each problem's `type`: what happened, and what to do (R93)."""

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

PAGES: dict[str, tuple[str, str, str]] = {
    "invalid": (
        "422 · What was sent is not well formed",
        "A field is missing, or its value cannot be used. Nothing was stored or done.",
        "Look at `errors`: each names the field, the rule it broke, and a value that is right there. Put it in and send "
        "the request again, under the same `event_id`.",
    ),
    "batch-refused": (
        "422 · No event of the batch was taken",
        "Every item was rejected or in conflict. Nothing was stored.",
        "`items` has an answer per item. Mend the rejected ones and send them again; one in conflict needs its own `event_id`.",
    ),
    "content-conflict": (
        "409 · This event_id was used for other content",
        "An event is known by its `event_id`. Another content under it would change what was sent already.",
        "If it is another event, give it another `event_id`. If it is the same one, do nothing: the first content stands.",
    ),
    "not-possible": (
        "409 · This cannot be done as things stand",
        "The state of the thing does not allow it; `detail` says why.",
        "Look at its state first, for example with a GET on the same address.",
    ),
    "unknown-caller": (
        "401 · The request carries no valid key",
        "The key is missing, mistyped or revoked, or the request is not signed as the shop signs its requests.",
        "Send `Authorization: Bearer <key>`. `gateway keys issue SHOP` makes a key, `gateway keys list` shows which ones live.",
    ),
    "not-allowed": (
        "403 · The key may not do that",
        "The key is known, and only reads.",
        "What changes something takes a key of the role operator: `gateway keys issue --role operator --name NAME`.",
    ),
    "forged-callback": (
        "403 · The callback is not accepted",
        "The key of the callback does not fit its address and the configured secret.",
        "Copy the callback address from `gateway callbacks` into SALESmanago again.",
    ),
    "not-found": (
        "404 · There is no such thing here",
        "Nothing of that name belongs to this key. Another shop's things answer the same.",
        "Check the shop in the path and the key that is used.",
    ),
    "there-is-no-such-address": (
        "404 · There is no such address",
        "Nothing is served at this path.",
        "Look at /docs for what there is.",
    ),
    "this-address-does-not-take-that-method": (
        "405 · This address does not take that method",
        "The header `Allow` names the methods it takes.",
        "Look at /docs for what there is.",
    ),
    "bad-parameter": (
        "400 · The request has not the parameters it needs",
        "A parameter is missing, doubled, or none that can be.",
        "`errors` names it and shows a right value.",
    ),
    "unreadable-address": (
        "400 · The address holds a sign that no text can hold",
        "Neither path nor query may hold the sign NUL (%00).",
        "Leave it out.",
    ),
    "encoded-body": (
        "415 · The body must not be compressed",
        "The header Content-Encoding says that the body is compressed. Nothing is unpacked here. Nothing was stored.",
        "Leave the header out, send the body as it is, and send the request again.",
    ),
    "not-json": (
        "400 or 415 · The body is not JSON",
        "The body cannot be read as JSON, or its Content-Type says that it is something else.",
        "Send JSON in UTF-8 with `Content-Type: application/json`; `errors` shows a right body.",
    ),
    "too-slow": (
        "408 · The body did not arrive in time",
        "A body has 30 seconds.",
        "Send it again.",
    ),
    "too-large": (
        "413 · The body is too large",
        "At most 1 MiB for an event, 5 MiB for a batch or a list, 8 KiB for a callback.",
        "Split a batch; of an event leave out what is not asked for.",
    ),
    "too-long": (
        "414 · The address is too long",
        "At most 8 KiB for the path, and 8 KiB for the query.",
        "Shorten it.",
    ),
    "too-many-requests": (
        "429 · Too many requests",
        "The key used up its requests of a minute, or the address was refused too often.",
        "Wait for as many seconds as `Retry-After` says.",
    ),
    "bad-configuration": (
        "422 · The configuration has mistakes",
        "`detail` names all of them. Nothing was changed.",
        "Mend the file and apply it again.",
    ),
    "not-ready": (
        "503 · Nothing can be stored at the moment",
        "The database takes nothing. Nothing was stored, and nothing is promised.",
        "Keep the event and send it again after `Retry-After` seconds, under the same `event_id`.",
    ),
    "the-request-cannot-be-served": (
        "The request cannot be served",
        "The server cannot answer such a request.",
        "Look at /docs for what there is.",
    ),
    "defect": (
        "500 · The gateway failed",
        "A defect of ours; it was logged under the `request_id`.",
        "Keep the event and send it again later, under the same `event_id`. Tell the gateway's operator the `request_id`.",
    ),
}
"""Kind -> title, what happened, what to do."""


@router.get("/problems/{kind}")
async def problem_page(kind: str) -> HTMLResponse:
    """Raises `NotFound` for a kind that no answer names."""
    if kind not in PAGES:
        raise NotFound("problem")
    title, happened, to_do = (escape(text) for text in PAGES[kind])
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><h1>{title}</h1><p>{happened}</p><h2>What to do</h2><p>{to_do}</p>"
        f"<p><a href='/docs'>All endpoints</a></p></html>"
    )
