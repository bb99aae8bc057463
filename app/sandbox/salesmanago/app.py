"""The ASGI app: which path leads where."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.salesmanago.callbacks import Callbacks
from app.sandbox.salesmanago.faults import Faults
from app.sandbox.salesmanago.ledger import Ledger
from app.sandbox.salesmanago.memory.model import Account, RefusalError
from app.sandbox.salesmanago.memory.world import Rules, World
from app.sandbox.salesmanago.page import Page
from app.sandbox.salesmanago.sandbox import Sandbox, epoch_ms
from app.sandbox.salesmanago.service import Service, html
from app.sandbox.salesmanago.toolbox import Toolbox

ANY_HTTP_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    accounts: Sequence[Account],
    *,
    job_delay_seconds: float = Rules.job_delay_ms / 1000,
    strict_scores: bool = True,
    strict: bool = True,
    ledger_size: int = 100_000,
    http: httpx.AsyncClient | None = None,
    clock: Callable[[], int] = epoch_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Starlette:
    """A SALESmanago with these accounts and nobody in it. Callbacks go out through `http`.

    `strict`: refuse what no document allows. Otherwise it is taken as the real service takes it, with a warning in the ledger.
    """
    rules = Rules(strict_scores=strict_scores, job_delay_ms=round(job_delay_seconds * 1000))
    sandbox = Sandbox(
        accounts={account.client_id: account for account in accounts},
        world=World(rules),
        ledger=Ledger(ledger_size),
        faults=Faults(),
        callbacks=Callbacks(http),
        clock=clock,
        sleep=sleep,
        strict=strict,
    )
    service, toolbox, page = Service(sandbox), Toolbox(sandbox), Page(sandbox)

    async def api(request: Request) -> Response:
        return await service(request)

    async def file(request: Request) -> Response:
        """The file a finished job left."""
        sandbox.now()
        job = sandbox.job_with_key(request.path_params["key"])
        if job is None or job.result is None:
            raise HTTPException(404)
        return JSONResponse(job.result)

    routes = [
        Route("/", page.front, methods=["GET"]),
        Route("/contacts/{email:path}", page.contact, methods=["GET"]),
        Route("/api/{method:path}", api, methods=ANY_HTTP_METHOD),
        Route("/files/{key}.json", file, methods=["GET"]),
        *toolbox.routes(),
    ]
    app = Starlette(routes=routes, exception_handlers={RefusalError: _bad_request, HTTPException: _http_error})
    app.state.sandbox = sandbox
    return app


async def _bad_request(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _http_error(request: Request, error: Exception) -> Response:
    """JSON to the testers' tools, a web server's plain page to everybody else."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.removeprefix(str(request.scope.get("root_path", ""))).startswith("/sandbox/"):
        return JSONResponse({"error": str(getattr(error, "detail", error))}, status)
    return html(status)
