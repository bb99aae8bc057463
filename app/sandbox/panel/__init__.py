"""A stand-in of an IdoSell panel's Admin API: an ASGI app of its own, with memory, faults on demand and a page."""

from .app import create_app
from .keys import Key
from .model import Approval, Channel, Customer, MenuNode, Order, OrderLine, Product, Return, Shop, Subscriber
from .rules import AddAgain, Approvals, Rules
from .sample import sample_world
from .world import Panel

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
