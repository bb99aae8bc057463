"""The ASGI app: which path leads where."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.panel.faults import Faults
from app.sandbox.panel.keys import Key
from app.sandbox.panel.ledger import Ledger
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.page import Page
from app.sandbox.panel.sandbox import Sandbox
from app.sandbox.panel.service import Service
from app.sandbox.panel.shopping_tools import ShoppingTools
from app.sandbox.panel.toolbox import Toolbox
from app.sandbox.panel.webhooks import Post
from app.sandbox.salesmanago.memory.model import RefusalError
from app.sandbox.salesmanago.sandbox import epoch_ms
from app.sandbox.salesmanago.service import html

ANY_HTTP_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DEMO_KEY = "demo-panel-key"


def create_app(
    panel: Panel | Callable[[], Panel],
    *,
    keys: Sequence[Key] = (Key(DEMO_KEY),),
    calls_per_second: int | None = None,
    ledger_size: int = 100_000,
    clock: Callable[[], int] = epoch_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    post: Post | None = None,
) -> Starlette:
    """A panel with this world in it. A reset goes back to it; for a big one a function that builds it is quicker."""
    build = _copies(panel) if isinstance(panel, Panel) else panel
    sandbox = Sandbox(build, keys, Ledger(ledger_size), Faults(), clock, sleep, calls_per_second, post=post)
    service, toolbox, page = Service(sandbox), Toolbox(sandbox), Page(sandbox)

    async def api(request: Request) -> Response:
        return await service(request)

    routes = [
        Route("/", page.front, methods=["GET"]),
        Route("/customers/{login:path}", page.customer, methods=["GET"]),
        Route("/api/admin/v{version}/{gate:path}", api, methods=ANY_HTTP_METHOD),
        *ShoppingTools(sandbox).routes(),
        *toolbox.routes(),
    ]
    app = Starlette(routes=routes, exception_handlers={RefusalError: _bad_request, HTTPException: _http_error})
    app.state.sandbox = sandbox
    return app


def _copies(panel: Panel) -> Callable[[], Panel]:
    original = copy.deepcopy(panel)
    return lambda: copy.deepcopy(original)


async def _bad_request(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _http_error(request: Request, error: Exception) -> Response:
    """JSON to the testers' tools, a web server's plain page to everybody else."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.removeprefix(str(request.scope.get("root_path", ""))).startswith("/sandbox/"):
        return JSONResponse({"error": str(getattr(error, "detail", error))}, status)
    return html(status)
