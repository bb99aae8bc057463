"""What the command line asks about runs: first transfers, comparisons, lists of subscribers (R60-R64)."""

from typing import Any, Literal

import msgspec
from fastapi import FastAPI, Request

from app.admin.configuration_api import shops_named
from app.bootstrap.gateway import Gateway
from app.domain.runs import reconciliation as reconciliation_rules
from app.domain.runs.backfill import BackfillMode
from app.formats.subscriber_csv import SubscriberList
from app.routers.runs.backfills import BackfillOut, BackfillsOut
from app.routers.runs.reconciliations import ReconciliationIn, ReconciliationOut
from app.routers.runs.subscriber_lists import imported
from app.services.runs.reconciliations import Reconciliations


def install_runs(app: FastAPI, gateway: Gateway) -> None:
    @app.get("/backfills")
    async def backfills(shop: str | None = None) -> BackfillsOut:
        found = [progress for one in shops_named(gateway, shop) for progress in await gateway.backfills.of_shop(one.id)]
        return BackfillsOut(backfills=[BackfillOut.of_progress(progress) for progress in found])

    @app.post("/backfills/{shop}")
    async def start_backfill(shop: str, mode: BackfillMode) -> dict[str, Any]:
        return BackfillOut.of_progress(await gateway.backfills.start(shop, mode)).model_dump(mode="json")

    @app.get("/backfills/{shop}/{number}")
    async def backfill(shop: str, number: int) -> dict[str, Any]:
        return BackfillOut.of_progress(await gateway.backfills.progress(shop, number)).model_dump(mode="json")

    @app.post("/backfills/{shop}/{number}/{action}")
    async def act_on_backfill(shop: str, number: int, action: Literal["pause", "resume", "approve", "cancel"]) -> dict[str, Any]:
        progress = await getattr(gateway.backfills, action)(shop, number)
        return BackfillOut.of_progress(progress).model_dump(mode="json")

    @app.get("/reconciliations")
    async def reconciliations(shop: str | None = None) -> dict[str, Any]:
        found = [run for one in shops_named(gateway, shop) for run in await gateway.reconciliations.of_shop(one.id)]
        return {"reconciliations": [await _shown(gateway.reconciliations, run) for run in found]}

    @app.post("/reconciliations/{shop}")
    async def start_reconciliation(shop: str, body: ReconciliationIn) -> dict[str, Any]:
        return await _shown(gateway.reconciliations, await gateway.reconciliations.start(shop, body.mode, body.causes))

    @app.get("/reconciliations/{shop}/{number}")
    async def reconciliation(shop: str, number: int) -> dict[str, Any]:
        return await _shown(gateway.reconciliations, await gateway.reconciliations.one(shop, number))

    @app.post("/subscriber-lists/{shop}")
    async def import_subscribers(request: Request, shop: str) -> dict[str, Any]:
        found = msgspec.json.decode(await request.body(), type=SubscriberList)
        (one,) = shops_named(gateway, shop)
        return (await imported(found, one, gateway.intake)).model_dump(mode="json")


async def _shown(reconciliations: Reconciliations, run: reconciliation_rules.Reconciliation) -> dict[str, Any]:
    return ReconciliationOut.of(run, await reconciliations.people(run)).model_dump(mode="json")
