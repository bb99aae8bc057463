"""What is counted, and that the shipped alert rules and the dashboard name nothing else."""

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Outgoing, Transport
from app.observability.metrics import registry
from app.routers.events.examples import EXAMPLES
from app.server.application import health_application_of
from tests.support.gateways import client_of, open_door

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())
BOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())


def _known() -> set[str]:
    found = set()
    for family in registry.collect():
        kinds = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
        found |= {family.name + end for end in kinds.get(family.type, ("",))}
    return found


def _expressions() -> list[str]:
    rules = [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]
    return rules + [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("expression", _expressions())
def test_alert_rules_and_dashboard_name_only_what_is_counted(expression: str) -> None:
    named = set(re.findall(r"gateway_[a-z_]+", expression))
    assert named <= _known()
    assert named or expression.startswith("up{")


def test_every_alert_says_how_bad_it_is_and_what_is_wrong() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(rule["labels"]["severity"] and rule["annotations"]["summary"] for rule in rules)


def _counted(name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "answered"), (400, "answered"), (429, "throttled"), (500, "unknown"), (503, "unreachable")]
)
async def test_calls_are_counted_by_host_and_outcome_with_their_time(status: int, outcome: str) -> None:
    before = _counted("gateway_call_seconds_count", host="api.example", outcome=outcome)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(status))) as http:
        await Transport(http, RateLimiter(1000)).send(Outgoing("GET", "https://api.example/x?email=jan@example.com", {}))
    assert _counted("gateway_call_seconds_count", host="api.example", outcome=outcome) == before + 1


async def test_answers_at_the_door_and_queues_are_counted(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        before = _counted("gateway_door_answers_total", shop="shop2", outcome="taken", status="202")
        await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
        assert _counted("gateway_door_answers_total", shop="shop2", outcome="taken", status="202") == before + 1
        text = (await door.http.get("/metrics", headers=await door.operator())).text
        assert 'gateway_queue_contacts{destination="account:main"} 1.0' in text
        assert "gateway_door_seconds_bucket" in text


async def test_a_worker_answers_whether_it_is_ready_and_what_it_counts(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, client_of(health_application_of(door.gateway)) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).json()["ready"] is True
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/v1/shops/shop1/events/x")).status_code == 404
        assert "gateway_queue_contacts" in (await http.get("/metrics", headers=await door.operator())).text
