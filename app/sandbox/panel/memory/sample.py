"""A world to play in: made up, plausible and the same every time."""

import random
from datetime import UTC, datetime, timedelta

from app.sandbox.panel.memory.model import (
    ZERO_DATE,
    ZERO_TIME,
    Approval,
    Channel,
    Customer,
    MenuNode,
    Order,
    OrderLine,
    PickupPoint,
    Product,
    Shop,
    Subscriber,
)
from app.sandbox.panel.memory.rules import Rules
from app.sandbox.panel.memory.world import Panel

WOMEN = ("Anna", "Maria", "Katarzyna", "Małgorzata", "Agnieszka", "Barbara", "Ewa", "Zofia", "Hanna", "Łucja")
MEN = ("Jan", "Piotr", "Krzysztof", "Andrzej", "Tomasz", "Paweł", "Michał", "Marcin", "Jakub", "Stanisław")
SURNAMES = (
    ("Nowak", "Nowak"),
    ("Kowalska", "Kowalski"),
    ("Wiśniewska", "Wiśniewski"),
    ("Wójcik", "Wójcik"),
    ("Kamińska", "Kamiński"),
    ("Lewandowska", "Lewandowski"),
    ("Zielińska", "Zieliński"),
    ("Szymańska", "Szymański"),
    ("Woźniak", "Woźniak"),
    ("Dąbrowska", "Dąbrowski"),
    ("Żak", "Żak"),
)
CITIES = (("Warszawa", "00-001"), ("Kraków", "30-001"), ("Łódź", "90-001"), ("Szczecin", "70-001"), ("Gdańsk", "80-001"))
STREETS = ("Długa", "Krótka", "Polna", "Leśna", "Słoneczna", "Ogrodowa", "Kwiatowa")
SHOP_NAMES = ("sklep.example", "outlet.example", "hurt.example")
MENU = (
    (1200, "Kobiety", 0),
    (1201, "Buty", 1200),
    (1202, "Sneakersy", 1201),
    (1203, "Mężczyźni", 0),
    (1204, "Buty", 1203),
    (1205, "Wyprzedaże", 0),
    (1206, "Wiosna", 1205),
)
PRODUCTS = (
    (334, "Sneakersy damskie", 199.0, (1202, 1206)),
    (335, "Półbuty męskie", 249.0, (1204,)),
    (336, "Baleriny", 129.0, (1201,)),
    (337, "Pasta do butów", 19.0, ()),
)
STATUSES = ("new", "packed", "finished", "finished", "canceled")
PICKUP = PickupPoint(5, "Punkt Centrum", "Prosta 1", "00-001", "Warszawa")
FIRST_CUSTOMER = 1024
START = datetime(2025, 1, 1, 8, tzinfo=UTC)
_ASCII = str.maketrans("ąćęłńóśźż", "acelnoszz")
_TIME = "%Y-%m-%d %H:%M:%S"


def sample_world(
    customers: int = 40, *, shops: int = 2, subscribers: int | None = None, seed: int = 1, rules: Rules | None = None
) -> Panel:
    """So many accounts (one in ten a guest), a tenth as many subscribers without account, orders, menus, products."""
    dice = random.Random(seed)  # noqa: S311
    shop_ids = range(1, shops + 1)
    panel = Panel({one: Shop(one, _shop_name(one)) for one in shop_ids}, rules or Rules())
    for number in range(customers):
        panel.add(_customer(number, shop_ids, dice))
    for number in range(customers // 10 if subscribers is None else subscribers):
        panel.subscribers.append(_subscriber(number, shop_ids, dice))
    panel.menu = {number: MenuNode(number, name, parent) for number, name, parent in MENU}
    panel.products = {number: Product(number, name, price, list(nodes)) for number, name, price, nodes in PRODUCTS}
    for customer in list(panel.customers.values())[::3]:
        _order(panel, customer, dice)
    for customer in list(panel.customers.values())[::4]:
        panel.staff_tags(customer, {"stały klient": dice.randint(1, 9)}, (), customer.modified_at)
    return panel


def _shop_name(number: int) -> str:
    return SHOP_NAMES[number - 1] if number <= len(SHOP_NAMES) else f"sklep{number}.example"


def _moment(dice: random.Random) -> datetime:
    return START + timedelta(seconds=dice.randrange(365 * 24 * 3600))


def _customer(number: int, shop_ids: range, dice: random.Random) -> Customer:
    is_woman = dice.random() < 0.5
    first, surname = dice.choice(WOMEN if is_woman else MEN), dice.choice(SURNAMES)[0 if is_woman else 1]
    city, zip_code = dice.choice(CITIES)
    registered = _moment(dice)
    modified = registered + timedelta(hours=dice.randrange(500))
    login = f"{first[0]}.{surname}{number}".lower().translate(_ASCII)
    wholesaler = number % 15 == 7
    active = [one for one in shop_ids if one == 1 + number % len(shop_ids) or dice.random() < 0.4]
    customer = Customer(
        id=FIRST_CUSTOMER + number,
        login=login,
        email=f"{login}@example.com",
        first_name=first,
        last_name=surname,
        firm=f"{surname} i wspólnicy" if wholesaler else "",
        street=f"{dice.choice(STREETS)} {dice.randint(1, 99)}",
        zip_code=zip_code,
        city=city,
        phone=f"+48600{number % 1_000_000:06}",
        type="firm" if wholesaler else "female" if is_woman else "male",
        wholesaler=wholesaler,
        birth_date=ZERO_DATE if dice.random() < 0.5 else f"{dice.randint(1950, 2004)}-{dice.randint(1, 12):02}-15",
        registered_on=registered.strftime("%Y-%m-%d"),
        modified_at=modified.strftime(_TIME),
        unregistered=number % 10 == 9,
        active_shops=active if number % 20 != 11 else [],
    )
    for shop_id in customer.active_shops:
        for channel in Channel:
            _say(customer.consents[channel], shop_id, registered, dice)
    return customer


def _say(rows: dict[int, Approval], shop_id: int, at: datetime, dice: random.Random) -> None:
    """Yes, no, or nothing at all."""
    lot, moment = dice.random(), at.strftime(_TIME)
    if lot < 0.5:
        rows[shop_id] = Approval(moment, moment)
    elif lot < 0.8:
        rows[shop_id] = Approval(ZERO_TIME, moment)


def _subscriber(number: int, shop_ids: range, dice: random.Random) -> Subscriber:
    moment = _moment(dice).strftime(_TIME)
    by_phone = number % 5 == 4
    subscriber = Subscriber(number + 1, "" if by_phone else f"czytelnik{number}@example.org")
    subscriber.phone = f"+48700{number:06}" if by_phone else ""
    channel = Channel.SMS if by_phone else Channel.EMAIL
    subscriber.consents[channel][dice.choice(shop_ids)] = Approval(moment, moment)
    return subscriber


def _order(panel: Panel, customer: Customer, dice: random.Random) -> None:
    product = dice.choice(list(panel.products.values()))
    added = _moment(dice)
    serial = len(panel.orders) + 1
    panel.orders[serial] = Order(
        serial=serial,
        customer_id=customer.id,
        shop_id=customer.active_shops[0] if customer.active_shops else 1,
        added_at=added.strftime(_TIME),
        changed_at=(added + timedelta(hours=dice.randrange(100))).strftime(_TIME),
        status=dice.choice(STATUSES),
        type="t" if customer.wholesaler else "n",
        lines=[OrderLine(product.id, product.name, product.price, dice.randint(1, 3), "38")],
        delivery_cost=12.0,
        pickup=PICKUP if dice.random() < 0.3 else None,
    )
