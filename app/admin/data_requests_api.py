"""Part of the door for the command line: what people may ask of a shop about their data."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from app.bootstrap.gateway import Gateway
from app.routers.operations.access_pages import access_page, access_sections
from app.routers.operations.data_requests import AccessPageIn, ErasureReportOut, StaffErasureIn, erased
from app.routers.operations.lookups import AccessReportOut


def install_data_requests(app: FastAPI, gateway: Gateway) -> None:
    @app.post("/erasures")
    async def erase(body: StaffErasureIn) -> ErasureReportOut:
        await gateway.directory.refresh()
        return await erased(gateway.data_requests, body)

    @app.post("/access-reports")
    async def access_report(body: AccessPageIn) -> dict[str, Any]:
        """The report, and the same in words: as sections for a terminal, and as a page."""
        await gateway.directory.refresh()
        report = await gateway.data_requests.access_report(body.shop, body.email)
        (shop,) = (one for one in gateway.directory.shops() if one.id == body.shop)
        shown = (report, shop, gateway.directory.account(shop.account), body.language)
        return {
            "report": AccessReportOut.of(report).model_dump(mode="json"),
            "sections": [asdict(one) for one in access_sections(*shown)],
            "page": access_page(*shown),
        }
