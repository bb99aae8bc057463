"""The command line, as a person uses it beside a gateway that runs."""

import json
import socket
import stat
from pathlib import Path

from app.configuration.settings import Settings
from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import World, a_world, http


def test_the_same_commands_work_beside_a_running_gateway(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        key = world.key("shop2")
        headers = {"Authorization": f"Bearer {key}"}
        posted = http.post(f"{world.url}/v1/shops/shop2/orders", json=EXAMPLES["order"], headers=headers)
        assert posted.status_code == 202, "a key issued beside the running gateway opens it at once"
        assert posted.json()["follow"] == "/v1/shops/shop2/events/order-5501-placed"
        world.wait_until_sent("shop2", "order-5501-placed", headers)

        why = world.command("why", "jan.kowalski@example.com").stdout
        assert "order-5501-placed" in why
        assert "Wiosna 2015" in why
        assert "/api/contact/upsert" in why
        assert json.dumps(world.json("why", "5501")) == json.dumps(world.json("why", "order-5501-placed"))
        assert world.command("why", "nobody@example.com").returncode == 1

        (_, shop2) = world.json("status")["shops"]
        assert shop2["events"] == {"sent": 1}
        assert world.command("doctor", cold=True).returncode == 0
        assert "owner known" in world.command("doctor", "shop2").stdout

        socket = Settings(database_url=world.environment["GATEWAY_DATABASE_URL"]).control_socket
        assert socket is not None
        assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0

        http.post(f"{world.sandbox_url}/sandbox/faults", json={"kind": "unauthenticated", "times": None})
        sick = world.command("doctor")
        assert sick.returncode == 1
        assert "User not authenticated" in sick.stdout

        log = world.gateway.log.read_text()
        assert "jan.kowalski" not in log
        assert "600100200" not in log
        assert key not in log

    assert world.json("status")["shops"][1]["events"] == {"sent": 1}


def test_a_taken_port_is_said_in_one_sentence(stopped: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(stopped.environment["GATEWAY_PORT"])))
        taken.listen()
        refused = stopped.command("serve")
    assert (refused.returncode, "Cannot listen on" in refused.stderr) == (1, True)
