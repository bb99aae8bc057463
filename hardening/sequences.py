"""Requests that follow from each other's answers, over a real connection: Schemathesis walks through the whole document."""

import asyncio
import contextlib
import time
from copy import deepcopy
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from schemathesis.generation.stateful import run_state_machine_as_test

from app.server.application import openapi
from app.server.runner import bound, served
from hardening.stage import Effort, Row, Stage

STEPS = 8
AT_ONCE = 5


async def sequences(stage: Stage, effort: Effort) -> Row:
    """What one answer names the next request uses: no 5xx, and every error is a problem document."""
    row = Row("sequences of requests", "API1 API3 API6")
    listening = bound("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with served(stage.app, listening):
        for caller in ("shop1", "admin"):
            await asyncio.to_thread(_walked, row, base, stage.keys[caller], effort)
    return row


def _walked(row: Row, base: str, key: str, effort: Effort) -> None:
    contract = schemathesis.openapi.from_dict(deepcopy(openapi()))  # it resolves references in place
    ends = time.monotonic() + 5 * effort.seconds

    class Walk(contract.as_state_machine()):  # type: ignore[misc]  # a class that is made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:  # noqa: ARG002  # its interface
            return {"base_url": base, "headers": {"Authorization": f"Bearer {key}"}, "timeout": 30}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            row.inputs += 1
            row.refused += response.status_code >= 400
            row.server_errors += response.status_code >= 500
            kind = " ".join(response.headers.get("content-type", ()))
            if response.status_code >= 500:
                row.fail(f"{case.operation.label}: {response.status_code}")
            elif response.status_code >= 400 and "problem+json" not in kind:
                row.fail(f"{case.operation.label}: {response.status_code} is no problem document")

    left = max(1, effort.inputs // 20)
    while left > 0 and time.monotonic() < ends:
        walks = settings(
            max_examples=min(AT_ONCE, left),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        with contextlib.suppress(Flaky):  # the gateway remembers the walks before: the same request is answered otherwise
            run_state_machine_as_test(Walk, settings=walks)
        left -= AT_ONCE
