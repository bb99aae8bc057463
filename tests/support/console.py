"""A visitor of the console: signed in, with the token that every form carries."""

import re
from typing import Any

import httpx

from app.domain.shops.configuration import OPERATOR_ROLE
from tests.support.gateways import Door


async def signed_in(door: Door, role: str = OPERATOR_ROLE) -> httpx.AsyncClient:
    """The door's client, with the cookie of a session."""
    key = await door.gateway.directory.issue_key(None, role, name="Anna")
    answer = await door.http.post("/console/sign-in", data={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    return door.http


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


async def sent(http: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    token = token_in(await http.get("/console/find"))
    return await http.post(f"/console{path}", data={"token": token, **form})
