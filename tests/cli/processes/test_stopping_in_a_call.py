"""What becomes of a call that is under way when a signal comes."""

import signal
import time
from pathlib import Path

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import PATIENCE_SECONDS, World, a_world, http


def call_slowly(world: World, headers: dict[str, str]) -> None:
    """A call that is carried out at once, and answered a second later."""
    http.post(f"{world.sandbox_url}/sandbox/faults", json={"kind": "slow", "seconds": 1, "path": "contact/upsert"})
    http.post(f"{world.url}/v1/shops/shop2/registrations", json=EXAMPLES["registration"], headers=headers)
    until = time.monotonic() + PATIENCE_SECONDS
    while not world.shown("contacts")["contacts"]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_call_under_way_is_ended_and_recorded_by_a_stop(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        headers = {"Authorization": f"Bearer {world.key('shop2')}"}
        call_slowly(world, headers)
        assert world.gateway.stop() == 0
        assert world.json("status")["shops"][1]["events"] == {"sent": 1}
        assert len([call for call in world.shown("ledger")["entries"] if call["path"].endswith("upsert")]) == 1


def test_a_second_signal_hurries_nothing_and_what_was_under_way_is_recorded_and_not_repeated(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        headers = {"Authorization": f"Bearer {world.key('shop2')}"}
        call_slowly(world, headers)
        assert world.gateway._process is not None
        world.gateway._process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        assert world.gateway.stop() == 0
        world.gateway.start()
        world.wait_until_sent("shop2", EXAMPLES["registration"]["event_id"], headers)
        assert len(world.shown("contacts")["contacts"]) == 1
        assert len([call for call in world.shown("ledger")["entries"] if call["path"].endswith("upsert")]) == 1
