"""The page behind the number of each rule: reasons and messages name `R03`, and `/rules/R03` says what it means (R93)."""

import re
from functools import cache
from html import escape
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.domain.errors import NotFound
from app.domain.reasons import EXPLANATIONS

router = APIRouter(include_in_schema=False)

_TEXTS = Path(__file__).with_name("rules.md")
"""`## ` begins a group, `### ` a rule. `docs/reference/rules.md` is made of it."""
_STYLE = "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 sans-serif}"


@cache
def groups() -> dict[str, dict[str, str]]:
    """Title of a group -> number of a rule -> its text, in the order of the page."""
    found: dict[str, dict[str, str]] = {}
    for part in re.split(r"^## ", _TEXTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, *rules = re.split(r"^### ", part, flags=re.MULTILINE)
        found[title.strip()] = {number: text.strip() for number, _, text in (rule.partition("\n") for rule in rules)}
    return found


def reasons_of(number: str) -> list[str]:
    """Codes of the reasons that follow a rule."""
    return [reason.value for reason, one in EXPLANATIONS.items() if one.rule == number]


@router.get("/rules")
async def rules_page() -> HTMLResponse:
    parts = [
        f"<h2>{escape(title)}</h2>"
        + "".join(f"<h3 id='{number}'>{number}</h3>{_paragraphs(text)}" for number, text in rules.items())
        for title, rules in groups().items()
    ]
    return _page("Rules", "".join(parts))


@router.get("/rules/{number}")
async def rule_page(number: str) -> HTMLResponse:
    """Letter case makes no difference. Raises `NotFound` for a number that nothing names."""
    known = {name.lower(): (name, text, title) for title, rules in groups().items() for name, text in rules.items()}
    if number.lower() not in known:
        raise NotFound("rule")
    name, text, title = known[number.lower()]
    codes = ", ".join(f"<code>{code}</code>" for code in reasons_of(name))
    reasons = f"<p>Reasons that follow it: {codes}</p>" if codes else ""
    return _page(f"{name} · {title}", f"{_paragraphs(text)}{reasons}<p><a href='/rules'>All rules</a></p>")


def _paragraphs(text: str) -> str:
    """Of Markdown no more than our texts use: paragraphs, `code`, **bold**. Numbers of other rules become links."""
    html = escape(text, quote=False)
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"\bR\d\d[a-z]?\b", r"<a href='/rules/\g<0>'>\g<0></a>", html)
    return "".join(f"<p>{paragraph}</p>" for paragraph in html.split("\n\n"))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )
