"""A command and the gateway beside it understand each other only if they are of one version."""

from fastapi import Request
from starlette.types import Message, Send

from app import __version__
from app.configuration.control_socket import VERSION_HEADER
from app.domain.errors import NotPossible


async def refuse_other_versions(request: Request) -> None:
    """Before anything is done. A caller that says no version is none of our commands. Raises `NotPossible`."""
    if (theirs := request.headers.get(VERSION_HEADER, __version__)) != __version__:
        raise NotPossible(
            f"The gateway that runs here is of version {__version__}, this command of version {theirs[:20]}. "
            "Restart the gateway, or use the command it was installed with."
        )


def says_its_version(send: Send) -> Send:
    """Every answer has the version, a refusal too: a command knows a gateway that is too old to say it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (VERSION_HEADER.lower().encode(), __version__.encode())]
        await send(message)

    return sending
