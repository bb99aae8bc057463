"""The floor of intake: a FastAPI route of the same model that stores nothing."""

from typing import Any

from fastapi import FastAPI

from app.routers.events.order_schemas import OrderIn

app = FastAPI(openapi_url=None)


@app.post("/v1/shops/shop1/orders", status_code=202)
async def nothing(body: OrderIn) -> dict[str, Any]:
    return {"event_id": body.event_id, "result": "accepted"}
