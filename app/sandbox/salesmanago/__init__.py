"""A stand-in of the SALESmanago API v2: an ASGI app of its own, with memory, faults on demand and a page to look at."""

from app.sandbox.salesmanago.app import create_app
from app.sandbox.salesmanago.memory.model import Account

__all__ = ["Account", "create_app"]
