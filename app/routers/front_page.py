"""What stands at `/`: where to go from here, for people and for programs. It says nothing about shops."""

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

router = APIRouter(include_in_schema=False)

_LINKS = {
    "documentation": ("/docs", "Every endpoint, to read and to try out", "Wszystkie adresy API: opis i próby"),
    "openapi": ("/openapi.json", "The same for programs (OpenAPI)", "To samo dla programów (OpenAPI)"),
    "rules": ("/rules", "What a rule like R03 says", "Co mówi reguła, na przykład R03 (po angielsku)"),
    "console": ("/console", "Console for staff", "Konsola dla obsługi sklepu"),
    "alive": ("/healthz", "Is it alive?", "Czy działa?"),
    "ready": ("/readyz", "Is it ready?", "Czy przyjmuje zdarzenia?"),
}
"""Name -> address, English, Polish."""
_TITLES = ("Shop gateway", "Bramka sklepów")
_LEADS = (
    "It takes what happens in your shop and passes on to SALESmanago what the shop's rules allow.",
    "Przyjmuje zdarzenia ze sklepu i przekazuje do SALESmanago to, na co pozwalają zasady sklepu.",
)


@router.get("/")
async def front_page(request: Request) -> Response:
    """A page for browsers, in Polish or English; JSON for everybody else."""
    headers = {"Vary": "Accept, Accept-Language"}
    if "text/html" not in request.headers.get("accept", ""):
        links = {name: address for name, (address, _, _) in _LINKS.items()}
        return JSONResponse({"name": _TITLES[0], "links": links}, headers=headers)
    language = int(request.headers.get("accept-language", "").lower().startswith("pl"))
    items = "".join(f"<li><a href='{one[0]}'>{escape(one[1 + language])}</a></li>" for one in _LINKS.values())
    title = escape(_TITLES[language])
    return HTMLResponse(
        f"<!doctype html><html lang={('en', 'pl')[language]}><meta charset=utf-8>"
        f"<meta name=viewport content='width=device-width'><title>{title}</title>"
        f"<h1>{title}</h1><p>{escape(_LEADS[language])}</p><ul>{items}</ul></html>",
        headers=headers,
    )
