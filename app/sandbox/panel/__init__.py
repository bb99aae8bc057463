"""A stand-in of an IdoSell panel's Admin API: an ASGI app of its own, with memory, faults on demand and a page."""

from app.sandbox.panel.app import create_app
from app.sandbox.panel.keys import Key
from app.sandbox.panel.memory.model import (
    Approval,
    Channel,
    Customer,
    MenuNode,
    Order,
    OrderLine,
    Product,
    Return,
    Shop,
    Subscriber,
)
from app.sandbox.panel.memory.rules import AddAgain, Approvals, Rules
from app.sandbox.panel.memory.sample import sample_world
from app.sandbox.panel.memory.world import Panel

__all__ = [
    "AddAgain",
    "Approval",
    "Approvals",
    "Channel",
    "Customer",
    "Key",
    "MenuNode",
    "Order",
    "OrderLine",
    "Panel",
    "Product",
    "Return",
    "Rules",
    "Shop",
    "Subscriber",
    "create_app",
    "sample_world",
]
