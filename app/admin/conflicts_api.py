"""Part of the door for the command line: where both sides disagree, and what somebody saw to."""

from typing import Any

from fastapi import FastAPI

from app.admin.configuration_api import shops_named
from app.bootstrap.gateway import Gateway
from app.domain.decisions.discrepancies import Conflict
from app.domain.errors import NotFound
from app.routers.operations.manual_tasks import ConflictOut, ConflictsOut, ConflictsSeenIn


def install_conflicts(app: FastAPI, gateway: Gateway) -> None:
    @app.get("/conflicts")
    async def conflicts(shop: str | None = None) -> dict[str, Any]:
        listed = [(one, await gateway.disputes.disputed(one.id)) for one in shops_named(gateway, shop)]
        found = [
            {"shop": one.id, **conflict.model_dump(mode="json")}
            for one, disputed in listed
            for person in disputed.people
            for conflict in ConflictOut.of(person, one)
        ]
        return {"conflicts": found, "shops_with_more": [one.id for one, disputed in listed if disputed.has_more]}

    @app.post("/conflicts/{shop}")
    async def conflicts_to_be_seen(shop: str, body: ConflictsSeenIn) -> ConflictsOut:
        """What would be marked as seen."""
        (one,) = shops_named(gateway, shop)
        return _some(body.email, await gateway.disputes.to_be_seen(one, body.email, body.kind))

    @app.post("/conflicts/{shop}/seen")
    async def conflicts_seen(shop: str, body: ConflictsSeenIn) -> ConflictsOut:
        (one,) = shops_named(gateway, shop)
        return _some(body.email, await gateway.disputes.mark_as_seen(one, body.email, body.kind))


def _some(email: str, found: list[Conflict]) -> ConflictsOut:
    """Raises `NotFound` if there is nothing to be seen: a person mistyped something."""
    if not found:
        raise NotFound("conflict")
    return ConflictsOut(conflicts=[ConflictOut.of_one(email, one) for one in found])
