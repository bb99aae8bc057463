"""What stands in the audit log about an erasure in another shop (R95)."""

from app.domain.operations.audit import Action, Actor, AuditEntry, Door, erased_elsewhere
from tests.conftest import NOON


def test_r95_an_erasure_by_another_shop_names_the_contact_by_its_number_alone() -> None:
    assert erased_elsewhere("shop1", "shop2", 7, NOON) == AuditEntry(
        at=NOON,
        actor=Actor(Door.EVENT, "shop1"),
        action=Action.ERASED_BY_ANOTHER_SHOP,
        shop_id="shop2",
        about="contact 7",
        after="gone there",
    )
