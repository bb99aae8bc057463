"""A stand-in of the SALESmanago API v2: an ASGI app of its own, with memory, faults on demand and a page to look at."""

from .app import create_app
from .model import Account

__all__ = ["Account", "create_app"]
