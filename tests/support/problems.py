"""What every problem document has in common."""

from typing import Any

import httpx


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "errors"} <= document.keys()
    assert document["status"] == status
    assert document.pop("request_id") == answer.headers["x-request-id"]  # otherwise equal answers stay equal
    return document
