"""One authenticated call of a v2 method, as the methods see it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import Account, Contact, Job, JsonObject, RefusalError
from app.sandbox.salesmanago.memory.world import UNKNOWN_CONTACT, World


@dataclass
class Call:
    """What was asked, by whom and when. `warnings` go to the ledger and not to the caller."""

    world: World
    account: Account
    owner: str | None
    body: JsonObject
    now: int
    file_url: Callable[[Job], str]
    spoil: Callable[[JsonObject, int], bool] = lambda _item, _index: False
    """Whether a fault makes this item of an event batch fail."""
    warnings: list[str] = field(default_factory=list)

    @property
    def client_id(self) -> str:
        return self.account.client_id

    @property
    def named_owner(self) -> str:
        """The owner, where the method cannot do without one; the authentication has checked it."""
        if self.owner is None:
            raise RefusalError("User cannot be empty")
        return self.owner

    def by_email(self, email: str) -> Contact | None:
        return self.world.find(self.client_id, email, self.owner)

    def named_contact(self, source: JsonObject) -> Contact:
        """The living contact named by contactId or, failing that, by email."""
        contact_id = fields.text(source, "contactId")
        by_id = self.world.get(self.client_id, contact_id, self.owner) if contact_id else None
        contact = by_id if contact_id else self.by_email(fields.email(source))
        if contact is None or contact.deleted:
            raise RefusalError(UNKNOWN_CONTACT)
        return contact


@dataclass(frozen=True)
class Method:
    """One v2 method: what it does, and which fields of its answer are null when it refuses."""

    run: Callable[[Call], JsonObject]
    answers: tuple[str, ...] = ()
    needs_owner: bool = True
