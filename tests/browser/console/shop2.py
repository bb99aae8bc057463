"""What the second shop of the story tells the gateway."""

from typing import Any

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import World, http


def posted(world: World, kind: str, path: str, email: str, event_id: str, *, first_name: str = "Jan", **more: Any) -> None:
    headers = {"Authorization": (world.folder / "shop2").read_text()}
    body: dict[str, Any] = {**EXAMPLES[kind], "event_id": event_id, **more}
    if "customer" in body:
        body["customer"] = {**body["customer"], "id": event_id, "email": email, "first_name": first_name}
    else:
        body["email"] = email
    http.post(f"{world.url}/v1/shops/shop2/{path}", json=body, headers=headers).raise_for_status()


def arrived(world: World, kind: str, path: str, email: str, event_id: str, **more: Any) -> None:
    posted(world, kind, path, email, event_id, **more)
    world.wait_until_sent("shop2", event_id, {"Authorization": (world.folder / "shop2").read_text()})
