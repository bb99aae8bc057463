"""What a list brings is checked first, and what a look at a product says (R06, R31, R63)."""

from datetime import timedelta

import pytest

from app.domain.commands import AddEvent, Line, MirrorTags, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.compose import compose
from app.domain.events import AccountListed
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE
from app.domain.person.sides import SentState
from app.domain.shops.shop import Panel, PanelKind
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import EMAIL, NOON, a_customer, a_shop, an_order, at, subscribed, viewed

NOW, DAY = at(NOON), timedelta(days=1)
LISTED = AccountListed(at=NOW, customer=a_customer())


@pytest.mark.parametrize(
    ("opted_in_before", "sent", "asks_first"),
    [
        (timedelta(0), None, True),
        (timedelta(0), TimedStatus(Status.OPT_IN, NOW - 4 * DAY), True),
        (timedelta(0), TimedStatus(Status.OPT_OUT, NOW - 4 * DAY), False),
        (3 * DAY, TimedStatus(Status.OPT_OUT, NOW - 4 * DAY), True),
    ],
)
@pytest.mark.parametrize("turned", channels.BOTH)
def test_r06_an_opt_in_that_a_list_brings_is_checked_unless_it_follows_an_opt_out_of_ours(
    opted_in_before: timedelta, sent: TimedStatus | None, asks_first: bool, turned: Turned
) -> None:
    subscriber = Contact(
        email=EMAIL,
        email_news=Channel(opted_in=NOW - opted_in_before),
        sent_state=SentState(email=EMAIL, email_news=sent),
    )
    (upsert,) = compose(LISTED, a_shop(), turned(subscriber), NO_SALE)
    assert isinstance(upsert, UpsertContact)
    assert (turned(upsert).old_email_opt_in, upsert.quiet) == (asks_first, True)
    (acted,) = compose(subscribed(), a_shop(), turned(subscriber), NO_SALE)
    assert isinstance(acted, UpsertContact)
    assert (turned(acted).old_email_opt_in, acted.quiet) == (opted_in_before > DAY, False)


def test_r31_only_an_order_writes_sections_at_once_and_a_view_is_of_one_product() -> None:
    shop, buyer = a_shop(panel=Panel(kind=PanelKind.IDOSELL)), Contact(email=EMAIL, earned_tags=("Obuwie",))
    look = compose(viewed(), shop, buyer, NO_SALE)
    assert [type(one) for one in look] == [UpsertContact, AddEvent]
    assert isinstance(look[1], AddEvent)
    assert [(one.product_id, one.name, str(one.quantity)) for one in look[1].lines] == [("101", "", "1")]
    assert type(look[1].lines[0]) is Line
    assert MirrorTags in {type(one) for one in compose(an_order(), shop, buyer, NO_SALE)}
