"""Every table is readable at 80 columns, and nothing in it is cut off; what is printed for machines is what the API answers."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.admin.api import control_app
from app.cli import common
from app.cli.common import table_of
from app.domain.delivery.outbox import to_account
from app.domain.runs.reconciliation import ReconciliationMode
from app.routers.events.examples import EXAMPLES
from tests.support.gateways import Door, client_of, open_door, shop_entry

LONG = "an-identifier-that-is-longer-than-any-column-of-a-narrow-terminal-would-ever-be-0123456789"
CLI = Path(common.__file__).parent


@pytest.mark.parametrize("columns", range(1, 9))
def test_no_table_is_wider_than_the_terminal_and_nothing_in_it_is_cut_off(columns: int) -> None:
    table = table_of(*(f"column {number}" for number in range(columns)))
    table.add_row(*[LONG] * columns)
    console = Console(width=80, file=None)
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in captured.get()
    cells = [[part.strip() for part in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert ["".join(parts) for parts in zip(*cells, strict=True)] == [LONG] * columns


def test_every_table_of_the_command_line_is_made_so() -> None:
    makers = [file.name for file in CLI.glob("*.py") if "rich.table" in file.read_text()]
    assert makers == ["common.py"]


# -- one shape with the API ----------------------------------------------------------------------------------------------

SHOP = "a-shop-with-quite-a-long-name"


@pytest.fixture
async def busy(tmp_path: Path):
    """A gateway in which there is something of everything: its account cannot be reached, its shop has no side."""
    shops = {SHOP: shop_entry("sklep.example.com", 1, "all_customers")}
    async with open_door(tmp_path, shops) as door:
        for kind in ("registration", "order", "unsubscription"):
            path = {"registration": "registrations", "order": "orders", "unsubscription": "unsubscriptions"}[kind]
            assert (await door.post(path, EXAMPLES[kind], shop=SHOP)).status_code == 202
        assert (await door.post("orders", {"event_id": LONG}, shop=SHOP)).status_code == 422
        while await door.gateway.planner.plan_due():
            pass
        await door.gateway.delivery.deliver_due(to_account("main"))
        await door.gateway.requests.write()
        yield door


async def both(door: Door, ours: str, theirs: str, asked: Any = None, asked_there: Any = None) -> tuple[Any, Any]:
    """What the door of the command line answers, and what the API answers."""
    operator = await door.operator()
    async with client_of(control_app(door.gateway)) as cli:
        control = await (cli.post(ours, json=asked) if asked else cli.get(ours))
    public = await (
        door.http.post(theirs, json=asked_there, headers=operator) if asked else door.http.get(theirs, headers=operator)
    )
    assert (control.status_code, public.status_code) == (200, 200)
    return control.json(), public.json()


@pytest.mark.parametrize("what", ["parked", "neighbours", "audit", "pushes"])
async def test_what_is_printed_of_all_shops_is_the_apis_answer(busy: Door, what: str) -> None:
    replay = await busy.http.post("/v1/operations/replays", json={"mode": "run"}, headers=await busy.operator())
    assert replay.status_code == 200  # and stands in the audit log
    control, public = await both(busy, f"/{what}", f"/v1/operations/{what}")
    assert control == public
    assert what != "audit" or control["entries"]


@pytest.mark.parametrize(
    ("ours", "theirs", "items"),
    [
        ("/hand-work", "hand-work", "items"),
        ("/conflicts", "conflicts", "conflicts"),
        ("/backfills", "backfills", "backfills"),
        ("/reconciliations", "reconciliations", "reconciliations"),
    ],
)
async def test_what_is_printed_of_a_shop_are_the_apis_items_each_with_its_shop(
    busy: Door, ours: str, theirs: str, items: str
) -> None:
    await busy.gateway.reconciliations.start(SHOP, ReconciliationMode.PREVIEW)
    control, public = await both(busy, ours, f"/v1/shops/{SHOP}/{theirs}")
    assert [{**one, "shop": SHOP} for one in public[items]] == control


async def test_what_why_prints_are_the_apis_events_each_with_its_shop(busy: Door) -> None:
    email = EXAMPLES["registration"]["customer"]["email"]
    control, public = await both(busy, "/why", f"/v1/shops/{SHOP}/lookups", {"about": email}, {"email": email})
    assert len(control) > 1
    assert control == [{"shop": SHOP, **one} for one in public["events"]]


async def test_what_tail_prints_are_the_apis_requests(busy: Door) -> None:
    control, public = await both(busy, f"/requests?shop={SHOP}", f"/v1/shops/{SHOP}/requests")
    assert control["requests"]
    assert control == public
