"""A problem document of every kind, as it is answered: for the documentation. A test compares them with real answers."""

from collections.abc import Mapping
from typing import Any

_REQUEST_ID = "9f2c51d0a7e84b36"
_BODY = {
    "field": "(the whole body)",
    "rule": "json_invalid",
    "message": "send one JSON object with the header Content-Type: application/json",
    "example": {"email": "jan.kowalski@example.com"},
}
_TIME = {
    "field": "occurred_at",
    "rule": "value_error",
    "message": "an RFC 3339 time with offset is needed; times without zone are refused",
    "example": "2026-11-23T10:15:00+01:00",
}
_ENCODED = {
    "field": "Content-Encoding",
    "rule": "content_encoding",
    "message": "leave this header out and send the body uncompressed",
    "example": "identity",
}
_EMAIL = {"field": "email", "rule": "missing", "message": "give the parameter email once", "example": "jan.kowalski@example.com"}


def _problem(status: int, kind: str, title: str, detail: str, *errors: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    document = {"type": f"/problems/{kind}", "title": title, "status": status, "detail": detail, "errors": list(errors)}
    return {**document, "request_id": _REQUEST_ID, **more}


EXAMPLES: tuple[dict[str, Any], ...] = (
    _problem(400, "not-json", "The body cannot be read.", "Nothing was stored.", _BODY),
    _problem(400, "bad-parameter", "The request has not the parameters it needs.", "Nothing was done.", _EMAIL),
    _problem(
        400,
        "unreadable-address",
        "The address holds a sign that no text can hold.",
        "Leave out the sign NUL (%00). Nothing was stored.",
    ),
    _problem(
        401,
        "unknown-caller",
        "The request carries no valid key.",
        "Send `Authorization: Bearer <shop key>`; `gateway keys issue SHOP` makes a key.",
    ),
    _problem(403, "not-allowed", "This key may not do that.", "This key may only read. It takes one of the role operator."),
    _problem(403, "forged-callback", "The callback is not accepted.", "The callback carries no key that fits."),
    _problem(404, "not-found", "There is no such thing here.", "There is no such shop here."),
    _problem(408, "too-slow", "The body did not arrive in time.", "Nothing was stored. Send it again."),
    _problem(
        409,
        "content-conflict",
        "This event_id was used for other content.",
        "This event_id was accepted before with other content.",
        event_id="order-5501-placed",
        stored_digest="6f1ed002ab5595859014ebf0951522d9d9c0f3f6e3a9a1e6b1f4c1e1e0d7b0aa",
    ),
    _problem(409, "not-possible", "This cannot be done as things stand.", "Only a backfill that is moving can be paused."),
    _problem(
        413,
        "too-large",
        "The body is too large.",
        "At most 1 MiB for an event, 5 MiB for a batch or a list, 8 KiB for a callback. Nothing was stored.",
    ),
    _problem(
        414, "too-long", "The address is too long.", "At most 8 KiB for the path, and 8 KiB for the query. Nothing was stored."
    ),
    _problem(415, "not-json", "The body must be JSON.", "Nothing was stored.", _BODY),
    _problem(415, "encoded-body", "The body must not be compressed.", "Nothing was done.", _ENCODED),
    _problem(422, "invalid", "The event is not well formed.", "1 field needs another value. Nothing was stored.", _TIME),
    _problem(
        422,
        "batch-refused",
        "No event of the batch was taken.",
        "All 1 need another content or another event_id. Nothing was stored; `items` says what is wrong.",
        {**_TIME, "field": "[0].occurred_at"},
        accepted=0,
        duplicate=0,
        conflict=0,
        rejected=1,
        items=[{"index": 0, "event_id": "order-5501-placed", "result": "rejected", "receipt": None, "errors": [_TIME]}],
    ),
    _problem(429, "too-many-requests", "Too many requests.", "The requests of this key are used up."),
    _problem(503, "not-ready", "Nothing can be stored at the moment.", "The store cannot take events at the moment."),
)


def named(status: int, title: str) -> dict[str, dict[str, Any]]:
    """OpenAPI's examples of a status, by kind. `title`: as the answer is described; some kinds stand under their own alone."""
    found = [one for one in EXAMPLES if one["status"] == status]
    special = [one for one in found if one["title"] == title and _kind(one) in _ALONE]
    shown = special or [one for one in found if _kind(one) not in _ALONE]
    return {_kind(one): {"summary": one["title"], "value": one} for one in shown}


def _kind(document: Mapping[str, Any]) -> str:
    return str(document["type"]).rpartition("/")[2]


_ALONE = ("content-conflict", "not-possible", "batch-refused")
