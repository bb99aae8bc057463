"""SALESmanago as it is: contacts begin opted out, and deleted ones are gone."""

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from tests.support.world import (
    FakeUpstream,
)


class Faithful(FakeUpstream):
    """SALESmanago as it is: a contact whom nobody opted in is shown as opted out, and goes for good when it is deleted."""

    def _do(self, item: object) -> None:
        new = isinstance(item, UpsertContact) and item.email not in self.contacts
        super()._do(item)
        if new:
            self.opted_out |= {item.address_after} if item.email_status is not Status.OPT_IN else set()
            self.opted_out_phone |= {item.address_after} if item.phone_status is not Status.OPT_IN else set()
