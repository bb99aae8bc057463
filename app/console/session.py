"""Who is at the console: the cookie, the form token, the role; and the headers of every page (R95)."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.console.refusals import in_polish
from app.console.uses import Uses
from app.console.wording import environment, language_of
from app.domain.errors import GatewayError, NotFound
from app.domain.shops.configuration import OPERATOR_ROLE, READER_ROLE
from app.formats.words import mended
from app.services.shops.sessions import LASTS, SignedIn

COOKIE = "gateway_session"
LANGUAGE = "gateway_language"
HOME = "/console"

MOST_FIELDS = 50

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Visit:
    """A request of somebody who is signed in. `form`: what was posted; its token is right already."""

    request: Request
    uses: Uses
    who: SignedIn
    language: str
    form: dict[str, str]

    def page(self, template: str, status: int = 200, **shown: Any) -> Response:
        return render(self.request, template, self.language, status, who=self.who, **shown)

    def shop(self) -> str | None:
        """The shop that the page is about; None = all of them."""
        named = self.request.query_params.get("shop") or self.form.get("shop")
        return named if named and self.uses.directory.shop(named) is not None else None


Page = Callable[[Visit], Awaitable[Response]]


def render(request: Request, template: str, language: str, status: int = 200, **shown: Any) -> Response:
    uses: Uses = request.app.state.uses
    common = {
        "who": None,
        "path": request.url.path,
        "shops": uses.directory.shops(),
        "language": language,
        "query": request.query_params,
        "whereabouts": uses.installation.whereabouts,
    }
    text = environment(language).get_template(template).render(**{**common, **shown})
    response = HTMLResponse(text, status, headers=HEADERS)
    if request.query_params.get("lang") == language:
        response.set_cookie(LANGUAGE, language, max_age=365 * 86_400, samesite="lax", path=HOME, secure=_is_secure(request))
    return response


def spoken(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return language_of(asked, request.headers.get("accept-language", ""))


def signed_in(page: Page, role: str = READER_ROLE) -> Callable[[Request], Awaitable[Response]]:
    """A page for those who are signed in and have a role; a form is taken only with the token that we put into it."""

    @wraps(page)
    async def guarded(request: Request) -> Response:
        uses: Uses = request.app.state.uses
        who = await uses.sessions.of(request.cookies.get(COOKIE, ""))
        language = spoken(request)
        if who is None:
            return RedirectResponse(f"{HOME}/sign-in", 303, headers=HEADERS)
        form = await form_of(request) if request.method == "POST" else {}
        if request.method == "POST" and not hmac.compare_digest(form.get("token", "").encode(), who.form_token.encode()):
            return render(request, "refused.html", language, 403, who=who, why="token", detail="")
        if not who.may(role):
            return render(request, "refused.html", language, 403, who=who, why="role", detail="")
        try:
            return await page(Visit(request, uses, who, language, form))
        except NotFound:
            return render(request, "refused.html", language, 404, who=who, why="path", detail="")
        except GatewayError as error:
            detail = in_polish(str(error)) if language == "pl" else str(error)
            return render(request, "refused.html", language, 409, who=who, why="state", detail=detail)

    return guarded


def acting(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """A form of those who may change something."""
    return signed_in(page, OPERATOR_ROLE)


async def form_of(request: Request) -> dict[str, str]:
    """What a form holds; of several values of a name the last counts, and what no store takes is replaced (R73)."""
    try:
        fields = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: mended(text) for name, text in fields}


def number_in(text: str | None) -> int | None:
    """A number that somebody may have typed; None for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


async def sign_in(request: Request) -> Response:
    """By the key of a person. A wrong one is told from no other wrong one, and is remembered nowhere."""
    uses: Uses = request.app.state.uses
    language = spoken(request)
    if request.method != "POST":
        return render(request, "sign_in.html", language, failed=False)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return render(request, "sign_in.html", language, 403, failed=True)
    try:
        token = await uses.sessions.sign_in((await form_of(request)).get("key", ""))
    except GatewayError:
        return render(request, "sign_in.html", language, 401, failed=True)
    response = RedirectResponse(HOME, 303, headers=HEADERS)
    response.set_cookie(
        COOKIE, token, max_age=int(LASTS.total_seconds()), httponly=True, samesite="strict", path=HOME, secure=_is_secure(request)
    )
    return response


async def sign_out(visit: Visit) -> Response:
    await visit.uses.sessions.sign_out(visit.request.cookies.get(COOKIE, ""))
    response = RedirectResponse(f"{HOME}/sign-in", 303, headers=HEADERS)
    response.delete_cookie(COOKIE, path=HOME)
    return response


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
