"""A client of the control door, whether a gateway runs or not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from app.admin.api import control_app
from app.bootstrap.gateway import open_gateway
from app.configuration.control_socket import check_owner
from app.configuration.settings import Settings
from app.storage.engine.database import AlreadyOwned


@asynccontextmanager
async def control(settings: Settings, *, prepares: bool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the control door: of the running gateway if there is one, of one in this process otherwise.

    `prepares`: as of `open_gateway`.
    """
    async with AsyncExitStack() as stack:
        transport: httpx.AsyncBaseTransport
        try:
            gateway = await stack.enter_async_context(open_gateway(settings, prepares=prepares))
            transport = httpx.ASGITransport(control_app(gateway))
        except AlreadyOwned:
            check_owner(settings.database_url)
            transport = httpx.AsyncHTTPTransport(uds=str(settings.control_socket))
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=60))
