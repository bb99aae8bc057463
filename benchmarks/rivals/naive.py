"""The naive gateway: a route that makes both calls itself and answers when they are through. Nothing is stored.

Whatever SALESmanago refuses, delays or loses is lost with the request: this is the speed of doing nothing about it.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from pydantic import BaseModel

from benchmarks import load
from benchmarks.rivals import calls
from benchmarks.rivals.bench import Bench, Took, answers, free_port, running, timed, versions

_ENDPOINT = "RIVAL_ENDPOINT"
PROCESSES = 2
CONCURRENCY = 4


class _Customer(BaseModel):
    email: str
    name: str
    phone: str


class _Bought(BaseModel):
    id: str
    currency: str
    value: float
    items: list[tuple[str, str, int]]


class Order(BaseModel):
    """As a shop's plugin would post it."""

    event_id: str
    occurred_at: int
    customer: _Customer
    order: _Bought


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with calls.async_client(os.environ[_ENDPOINT], 100) as http:
        app.state.http = http
        yield


app = FastAPI(openapi_url=None, lifespan=_lifespan)


@app.post("/orders")
async def take(body: Order, request: Request) -> dict[str, str]:
    """Both calls, then the answer."""
    order = body.model_dump()
    for call in (calls.upsert(order), calls.add_event(order)):
        await calls.post_async(request.app.state.http, call)
    return {"event_id": body.event_id, "result": "sent"}


def run(_name: str, bench: Bench) -> Took:
    processes, concurrency = bench.processes or PROCESSES, bench.concurrency or CONCURRENCY
    ids, port = bench.ids(), free_port()
    served = ["uvicorn", "benchmarks.rivals.naive:app", "--port", str(port), "--workers", str(processes), "--loop", "uvloop"]
    quiet = ["--http", "httptools", "--no-access-log", "--log-level", "error"]
    environment = {_ENDPOINT: bench.endpoint}

    def begin() -> None:
        def body(number: int) -> bytes:
            return json.dumps(ids.order(number)).encode()

        connections = processes * concurrency
        sent = asyncio.run(load.post("127.0.0.1", port, "/orders", "none", body, bench.events, connections))
        if sent.statuses != {200: bench.events}:
            raise RuntimeError(f"the naive gateway answered {sent.statuses}")

    with running([sys.executable, "-m", *served, *quiet], bench.folder, answers(port), environment):
        measured = timed(bench, begin)
    settings = f"{processes} uvicorn workers (uvloop, httptools), {concurrency} requests in flight each, httpx keep-alive; no store"
    return Took(measured, settings, versions("fastapi", "uvicorn", "httpx", "uvloop"))
