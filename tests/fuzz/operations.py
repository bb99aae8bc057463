"""Schemathesis against a running gateway: whatever comes in, no 5xx, and every error is a problem document."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from app.routers.events.schemas import BATCHABLE
from tests.support.running.processes import World

CONTRACT = schemathesis.openapi.from_path(Path(__file__).parents[2] / "openapi.yaml")
OPERATIONS = {result.ok().label: result.ok() for result in CONTRACT.get_all_operations()}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
WITHOUT_INPUT = ("GET /healthz", "GET /readyz", "GET /metrics")

OF_A_SHOP = {label for label in OPERATIONS if "/v1/shops/{shop}/" in label}
OF_OPERATORS = {label for label in OPERATIONS if "/v1/operations/" in label}


def posts(kinds: Iterable[str]) -> set[str]:
    return {f"POST /v1/shops/{{shop}}/{kind}s" for kind in kinds}


def below(*resources: str) -> set[str]:
    """What is done with these of a shop."""
    return {label for label in OF_A_SHOP if label.split("/v1/shops/{shop}/")[1].split("/")[0] in resources}


EVENTS_OF_ORDERS = posts(["order", "order-cancellation", "order-return"])
EVENTS_OF_CARTS = posts(["cart", "product-view"])
EVENTS_OF_ACCOUNTS = posts(["registration", "account-change", "erasure", "access-request"])
BATCHES = posts(["event"])
EVENTS_OF_CONSENT = posts({*BATCHABLE, "erasure", "access-request"}) - EVENTS_OF_ORDERS - EVENTS_OF_CARTS - EVENTS_OF_ACCOUNTS
EVENTS = {*EVENTS_OF_ORDERS, *EVENTS_OF_CARTS, *EVENTS_OF_ACCOUNTS, *EVENTS_OF_CONSENT, *BATCHES}
BACKFILLS = below("backfills")
LISTS = below("consent-exports", "recovered-carts", "subscriber-lists")
TASKS = below("reconciliations", "conflicts", "hand-work")
QUESTIONS = OF_A_SHOP - EVENTS - BACKFILLS - LISTS - TASKS

Run = tuple[str, GenerationMode]


def runs(labels: set[str]) -> list[Run]:
    """Of each operation one with right input, and one with wrong input where it takes any."""
    known = [label for label in OPERATIONS if label in labels]
    assert len(known) == len(labels), labels - OPERATIONS.keys()
    return [(label, GenerationMode.POSITIVE) for label in known] + [
        (label, GenerationMode.NEGATIVE) for label in known if label not in WITHOUT_INPUT
    ]


def named(run: Run) -> str:
    return f"{run[0]} {run[1].value}"


def holds(run: Run, world: World, key: str) -> None:
    label, mode = run
    session = requests.Session()  # else each case has one of its own, with a connection of its own

    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    def any_input(case: Any) -> None:
        if "shop" in (case.path_parameters or {}):
            case.path_parameters["shop"] = "shop1"
        answer = case.call(base_url=world.url, headers={"Authorization": f"Bearer {key}"}, session=session)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0].startswith("application/problem+json")
            assert answer.json()["status"] == answer.status_code

    with session:
        any_input()
