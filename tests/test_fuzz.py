"""Schemathesis against the running gateway: whatever comes in, no 5xx, and every error is a problem document."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.support.running.processes import World, a_world

CONTRACT = schemathesis.openapi.from_path(Path(__file__).parent.parent / "openapi.yaml")
OPERATIONS = {result.ok().label: result.ok() for result in CONTRACT.get_all_operations()}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    with a_world(tmp_path_factory.mktemp("fuzz")) as world:
        yield world, world.key("shop1")


def test_every_operation_of_the_contract_is_fuzzed() -> None:
    assert len(OPERATIONS) == 54


WITHOUT_INPUT = ("GET /healthz", "GET /readyz", "GET /metrics")
RUNS = [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
RUNS += [(label, GenerationMode.NEGATIVE) for label in OPERATIONS if label not in WITHOUT_INPUT]


@pytest.mark.parametrize(("label", "mode"), RUNS, ids=[f"{label} {mode.value}" for label, mode in RUNS])
def test_no_input_gives_a_5xx_and_every_error_is_a_problem(label: str, mode: GenerationMode, running: tuple[World, str]) -> None:
    world, key = running
    operation = OPERATIONS[label]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    def any_input(case: Any) -> None:
        if "shop" in (case.path_parameters or {}):
            case.path_parameters["shop"] = "shop1"
        answer = case.call(base_url=world.url, headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0].startswith("application/problem+json")
            assert answer.json()["status"] == answer.status_code

    any_input()
