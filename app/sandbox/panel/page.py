"""The page a person looks at: server-rendered, everything from outside escaped."""

from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.sandbox import salesmanago
from app.sandbox.panel.faults import Kind
from app.sandbox.panel.ledger import Entry
from app.sandbox.panel.memory.model import ZERO_TIME, Approval, Channel, Customer
from app.sandbox.panel.reading import PANEL_ZONE
from app.sandbox.panel.sandbox import Sandbox

CUSTOMERS_SHOWN, SUBSCRIBERS_SHOWN, CALLS_SHOWN = 200, 100, 50
# The style and the refreshing are those of the sibling, so that both stand-ins look alike.
FOLDERS = [Path(__file__).parent / "templates", Path(salesmanago.__file__).parent / "templates"]


class Page:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.templates = Environment(
            loader=FileSystemLoader(FOLDERS),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters.update(when=when, outcome=outcome, severity=severity, address=customer_path)
        self.templates.globals.update(Channel=Channel, fault_kinds=list(Kind), verdict=verdict)

    async def front(self, request: Request) -> HTMLResponse:
        panel = self.sandbox.panel
        wanted = request.query_params.get("q", "").strip().casefold()
        found = [one for one in panel.customers.values() if wanted in f"{one.login} {one.email} {one.name}".casefold()]
        newest = sorted(found, key=lambda one: one.modified_at, reverse=True)
        return self._render(
            request,
            "front.html",
            counts=self.sandbox.counts(),
            query=wanted,
            customers=newest[:CUSTOMERS_SHOWN],
            hidden=max(0, len(newest) - CUSTOMERS_SHOWN),
            subscribers=panel.subscribers[-SUBSCRIBERS_SHOWN:],
            calls=self.sandbox.ledger.latest(CALLS_SHOWN),
            faults=self.sandbox.faults.active,
        )

    async def customer(self, request: Request) -> HTMLResponse:
        customer = self.sandbox.panel.by_login(request.path_params["login"])
        if customer is None:
            raise HTTPException(404)
        names = {str(customer.id), customer.login.lower(), customer.email.lower()}
        calls = [entry for entry in reversed(self.sandbox.ledger.entries) if not names.isdisjoint(entry.customers)]
        orders = self.sandbox.panel.orders_of(customer)
        return self._render(request, "customer.html", customer=customer, orders=orders, calls=calls[:CALLS_SHOWN])

    def _render(self, request: Request, template: str, **shown: object) -> HTMLResponse:
        base = str(request.scope.get("root_path", ""))
        panel = self.sandbox.panel
        return HTMLResponse(self.templates.get_template(template).render(base=base, panel=panel, **shown))


def when(epoch_ms: int) -> str:
    """Panel time, to the second; what no clock can show stays a number."""
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, PANEL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(epoch_ms)


def verdict(approval: Approval | None) -> tuple[str, str]:
    """The colour and the words for one approval."""
    if approval is None:
        return "dim", "never said"
    if approval.since == ZERO_TIME:
        return "bad", "no"
    return "good", f"yes, {approval.since[:10]}"


def outcome(entry: Entry) -> str:
    """What became of a call, in a few words."""
    if entry.http_status is None:
        return "dropped after it was done" if entry.applied else "dropped before it was done"
    said = {True: "success", False: "refused", None: "no JSON"}[entry.success]
    codes = [f"code {code}" for code in entry.codes]
    return ", ".join([f"HTTP {entry.http_status}", said, *codes, *entry.messages])


def severity(entry: Entry) -> str:
    """The colour of an outcome: what the caller cannot know is odd."""
    if entry.http_status is None or entry.success is None:
        return "odd"
    return "good" if entry.success else "bad"


def customer_path(customer: Customer, action: str = "") -> str:
    """The address of a customer under /customers or /sandbox/customers."""
    return f"{quote(customer.login, safe='/@')}{'/' + action if action else ''}"
