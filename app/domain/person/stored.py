"""A contact as it is stored, and the addresses it had."""

from datetime import datetime

from app.domain.person.contact import Contact
from app.domain.values import value


@value()
class StoredContact:
    id: int
    shop_id: str
    contact: Contact
    erased_hash: str | None = None
    merged_into: int | None = None
    """The contact that took over when this one was renamed onto its address."""


@value()
class Alias:
    """An address a contact had until a time."""

    shop_id: str
    email: str
    contact_id: int
    until: datetime
    sent: bool = True
    """SALESmanago may know the person by it."""
