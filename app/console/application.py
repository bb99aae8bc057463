"""The console as an application of its own, mounted at `/console`."""

from bootstrap_wrapper import get_bootstrap_css_dir
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from app.console import actions, pages, stuck
from app.console.session import HEADERS, HOME, acting, render, sign_in, sign_out, signed_in, spoken
from app.console.uses import Uses
from app.console.wording import HERE
from app.domain.shops.configuration import ADMIN_ROLE

ASSETS = {
    "bootstrap.css": (get_bootstrap_css_dir() / "bootstrap.min.css", "text/css"),
    "console.css": (HERE / "static" / "console.css", "text/css"),
    "console.js": (HERE / "static" / "console.js", "text/javascript"),
}
"""All that a page loads; nothing comes from anywhere else."""


def console_app(uses: Uses) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", signed_in(pages.overview)),
            Route("/sign-in", sign_in, methods=["GET", "POST"]),
            Route("/sign-out", signed_in(sign_out), methods=["POST"]),
            Route("/find", signed_in(pages.find), methods=["GET", "POST"]),
            Route("/events/{shop}/{event_id:path}", signed_in(pages.event)),
            Route("/shadow", signed_in(pages.shadow)),
            Route("/access-report", signed_in(actions.access_report), methods=["POST"]),
            Route("/erase", acting(actions.erase), methods=["POST"]),
            Route("/stuck", signed_in(stuck.stuck)),
            Route("/replay", acting(actions.replay), methods=["POST"]),
            Route("/pushes/again", acting(actions.push_again), methods=["POST"]),
            Route("/manual-tasks/done", acting(actions.manual_task_done), methods=["POST"]),
            Route("/conflicts/seen", acting(actions.conflicts_seen), methods=["POST"]),
            Route("/transfers", signed_in(pages.transfers)),
            Route("/transfers/start", acting(actions.start_transfer), methods=["POST"]),
            Route("/transfers/act", acting(actions.act_on_transfer), methods=["POST"]),
            Route("/comparisons", signed_in(pages.comparisons)),
            Route("/comparisons/start", acting(actions.start_comparison), methods=["POST"]),
            Route("/setup", signed_in(pages.setup)),
            Route("/keys/issue", signed_in(actions.issue_key, ADMIN_ROLE), methods=["POST"]),
            Route("/keys/revoke", signed_in(actions.revoke_key, ADMIN_ROLE), methods=["POST"]),
            Route("/installation/confirm", signed_in(actions.confirm_installation, ADMIN_ROLE), methods=["POST"]),
            Route("/requests", signed_in(pages.requests)),
            Route("/audit", signed_in(pages.audit)),
            Route("/assets/{name}", _asset),
            Route("/{rest:path}", _nothing_here),
        ]
    )
    app.state.uses = uses
    return app


async def _asset(request: Request) -> Response:
    found = ASSETS.get(request.path_params["name"])
    if found is None:
        return await _nothing_here(request)
    file, kind = found
    return FileResponse(file, media_type=kind, headers={**HEADERS, "Cache-Control": "private, max-age=3600"})


async def _nothing_here(request: Request) -> Response:
    if request.url.path.rstrip("/") == HOME:
        return RedirectResponse(HOME + "/", 307)
    return render(request, "refused.html", spoken(request), 404, why="path", detail="")
