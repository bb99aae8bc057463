"""What the shop's side is told, and what it is not (R30-R32, R53, R55). Minutes count from ten o'clock."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.commands import AddEvent, Command, ConfirmOptIn, MirrorTags, ReportErasure, SetSubscription, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.changes.shop_changes import (
    erasure_elsewhere,
    mark_sent_to_shop,
    mirror_command,
    panel_tags,
    shop_commands,
    shop_knows,
)
from app.domain.decisions.plan import Send, Supersede, Withhold
from app.domain.events import Event, OptInClaimed
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.person.sides import ShopState
from app.domain.reasons import Reason
from app.domain.shops.shop import Panel, PanelKind, Shop
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import (
    EMAIL,
    Story,
    a_careful_shop,
    a_shop,
    an_order,
    at,
    cart_changed,
    commands_of,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    unsubscribed,
    viewed,
)

PANEL = Panel(kind=PanelKind.IDOSELL)
OPEN, CAREFUL = a_shop(panel=PANEL), a_careful_shop(panel=PANEL)
WITHOUT_PANEL = a_shop()
IN, OUT = Status.OPT_IN, Status.OPT_OUT


def minute(number: float) -> datetime:
    return at("2026-11-23T10:00") + timedelta(minutes=number)


def clicked(number: float, status: Status, channel: str = "email") -> Event:
    return status_seen(minute(number), acted=True, **{f"{channel}_out": status is OUT})


def home(story: Story) -> list[SetSubscription]:
    return [one for one in story.commands if isinstance(one, SetSubscription)]


def mirrored(story: Story) -> list[PanelTags]:
    return [one.tags for one in story.commands if isinstance(one, MirrorTags)]


def to_salesmanago(story: Story) -> list[Command]:
    return [one for one in story.commands if isinstance(one, UpsertContact | AddEvent)]


# -- newsletter: told once, never echoed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["email", "phone"])
@pytest.mark.parametrize("status", [IN, OUT])
def test_an_act_in_salesmanago_is_sent_to_the_shop_once_and_not_back(status: Status, channel: str) -> None:
    story = life(OPEN, registered(minute(0), phone="+48600100200")).goes_on(OPEN, clicked(1, status, channel))
    (change,) = home(story)
    assert (change.email_news, change.phone_news) == (
        (TimedStatus(status, minute(1)), None) if channel == "email" else (None, TimedStatus(status, minute(1)))
    )
    assert (change.email, change.customer_id, change.phone) == (EMAIL, "1234", "+48600100200")
    assert to_salesmanago(story) == []
    again = story.goes_on(OPEN, clicked(1, status, channel), clicked(1, status, channel))
    assert again.plans == (Supersede(Reason.NOTHING_NEW),) * 2


def test_every_new_act_in_salesmanago_is_sent_also_to_the_same_status() -> None:
    story = life(OPEN, registered(minute(0)), *(clicked(number, OUT) for number in (1, 2, 3)))
    assert [one.email_news for one in home(story)] == [TimedStatus(OUT, minute(number)) for number in (1, 2, 3)]


def test_an_opt_out_and_an_opt_in_follow_each_other_home_in_order() -> None:
    story = life(OPEN, registered(minute(0)), clicked(1, OUT), clicked(2, IN), clicked(3, OUT))
    assert [one.email_news.status for one in home(story) if one.email_news] == [OUT, IN, OUT]


@pytest.mark.parametrize("act", [subscribed(minute(1)), unsubscribed(minute(1))], ids=["subscribed", "unsubscribed"])
def test_what_the_shop_said_itself_is_never_sent_to_it(act: Event) -> None:
    status = IN if isinstance(act, type(subscribed())) else OUT
    story = life(OPEN, registered(minute(0)), act, status_seen(minute(2), email_out=status is OUT))
    assert home(story) == []
    assert home(story.goes_on(OPEN, status_seen(minute(3), email_out=status is OUT), tags_seen(minute(4)))) == []


def test_an_older_act_in_salesmanago_does_not_overwrite_a_newer_one_in_the_shop() -> None:
    assert home(life(OPEN, subscribed(minute(5)), clicked(1, OUT))) == []
    assert [one.email_news for one in home(life(OPEN, subscribed(minute(1)), clicked(5, OUT)))] == [TimedStatus(OUT, minute(5))]


def test_an_opt_out_in_salesmanago_wins_a_tie_with_an_opt_in_in_the_shop_and_not_the_other_way_round() -> None:
    assert [one.email_news for one in home(life(OPEN, subscribed(minute(1)), clicked(1, OUT)))] == [TimedStatus(OUT, minute(1))]
    assert home(life(OPEN, unsubscribed(minute(1)), clicked(1, IN))) == []


def test_only_channels_the_event_speaks_of_are_sent() -> None:
    both = life(OPEN, registered(minute(0)), clicked(1, OUT), clicked(2, OUT, "phone"))
    assert [(one.email_news is None, one.phone_news is None) for one in home(both)] == [(False, True), (True, False)]


@pytest.mark.parametrize("turned", channels.BOTH)
def test_an_event_of_one_channel_says_nothing_of_an_act_on_the_other_that_the_shop_does_not_know(turned: Turned) -> None:
    resigned = Channel(opted_out=minute(1))
    both = Contact(email=EMAIL, email_news=resigned, phone_news=resigned)
    (told,) = shop_commands(both, turned(status_seen(minute(2), email_out=True)), WITHOUT_PANEL)
    assert told == turned(SetSubscription(email=EMAIL, email_news=TimedStatus(OUT, minute(1))))


def test_a_claimed_opt_in_tells_the_shop_nothing_but_asks_salesmanago() -> None:
    claimed = OptInClaimed(at=minute(1), email=EMAIL)
    story = life(OPEN, registered(minute(0))).goes_on(OPEN, claimed)
    assert story.commands == (ConfirmOptIn(email=EMAIL, at=minute(1)),)
    assert story.contact.email_news.status is None


def test_a_change_in_salesmanago_goes_to_the_shop_whatever_the_transfer_policy_says() -> None:
    stranger = life(CAREFUL, clicked(1, OUT))
    assert [one.email_news for one in home(stranger)] == [TimedStatus(OUT, minute(1))]
    assert to_salesmanago(stranger) == []
    withdrawn = life(CAREFUL, an_order(minute(0)), consent_withdrawn(minute(1))).goes_on(CAREFUL, clicked(2, OUT))
    assert [one.email_news for one in home(withdrawn)] == [TimedStatus(OUT, minute(2))]
    assert to_salesmanago(withdrawn) == []


def test_a_shop_without_panel_learns_of_the_newsletter_all_the_same() -> None:
    """Whoever carries it decides how: a notice, or a person (R56)."""
    assert len(home(life(WITHOUT_PANEL, registered(minute(0)), clicked(1, OUT)))) == 1


def test_an_erased_person_is_sent_to_nobody_but_an_opt_out_is_kept() -> None:
    story = life(OPEN, registered(minute(0)), erasure_requested(minute(1))).goes_on(OPEN, clicked(2, OUT), clicked(3, IN))
    assert story.plans == (Withhold(Reason.ERASED),) * 2
    assert (story.contact.email_news.opted_out, story.contact.email_news.opted_in) == (minute(2), None)


def test_a_number_that_is_not_known_is_left_out() -> None:
    (change,) = home(life(OPEN, clicked(1, OUT, "phone")))
    assert (change.phone, change.customer_id) == (None, None)


@pytest.mark.parametrize(
    ("before", "known", "expected"),
    [
        ([], [subscribed(minute(1))], TimedStatus(IN, minute(1))),
        ([subscribed(minute(1))], [unsubscribed(minute(2))], TimedStatus(OUT, minute(2))),
        ([subscribed(minute(2))], [unsubscribed(minute(1))], TimedStatus(IN, minute(2))),
        ([], [registered(minute(1))], None),
    ],
    ids=["first act", "a newer act", "an older act", "no act"],
)
def test_the_shop_knows_what_it_said(before: list[Event], known: list[Event], expected: TimedStatus | None) -> None:
    assert life(OPEN, *before, *known).contact.shop_state.email_news == expected


def test_an_act_the_shop_did_not_tell_is_not_known_to_it() -> None:
    assert shop_knows(somebody(), somebody()).shop_state.email_news is None
    told = mark_sent_to_shop(somebody(), [SetSubscription(email=EMAIL, email_news=TimedStatus(OUT, minute(1)))])
    assert (told.shop_state.email_news, told.shop_state.phone_news) == (TimedStatus(OUT, minute(1)), None)
    kept = mark_sent_to_shop(told, [SetSubscription(email=EMAIL, phone_news=TimedStatus(IN, minute(2)))])
    assert (kept.shop_state.email_news, kept.shop_state.phone_news) == (TimedStatus(OUT, minute(1)), TimedStatus(IN, minute(2)))


@pytest.mark.parametrize("turned", channels.BOTH)
def test_r55_of_an_opt_in_that_is_written_to_the_shop_the_act_is_remembered_whatever_is_written_next(turned: Turned) -> None:
    opt_in, opt_out = (SetSubscription(email=EMAIL, email_news=TimedStatus(said, minute(one))) for one, said in ((1, IN), (2, OUT)))
    written = mark_sent_to_shop(somebody(), turned([opt_in, opt_out])).shop_state
    assert turned(written).email_opt_in_written == minute(1)
    assert turned(written).phone_opt_in_written is None


@pytest.mark.parametrize("turned", channels.BOTH)
def test_what_the_shop_did_not_say_itself_is_not_known_to_it_by_another_event_of_it(turned: Turned) -> None:
    contact = turned(Contact(email=EMAIL, email_news=Channel(opted_out=minute(1))))
    assert shop_knows(contact, contact) is contact


@pytest.mark.parametrize("turned", channels.BOTH)
def test_r55_what_the_shop_said_of_one_channel_makes_nothing_of_the_other_known_to_it(turned: Turned) -> None:
    before = Contact(email=EMAIL, phone_news=Channel(opted_out=minute(1)))
    known = shop_knows(turned(before), turned(replace(before, email_news=Channel(opted_in=minute(2)))))
    assert turned(known).shop_state == ShopState(email_news=TimedStatus(IN, minute(2)))


def test_m1_an_erasure_in_one_shop_is_reported_to_another_with_its_own_name_of_the_person() -> None:
    report = erasure_elsewhere(Contact(email=EMAIL, customer_id="7"), a_shop(id="shop2"), erasure_requested(minute(1)))
    assert report == ReportErasure(email=EMAIL, erased_by="shop2", at=minute(1), customer_id="7")


# -- tags -----------------------------------------------------------------------------------------------------------------


def test_tags_in_salesmanago_go_to_the_panel_once_and_again_when_they_differ() -> None:
    story = life(OPEN, registered(minute(0)), tags_seen(minute(1), {"KOSZYK": 3}))
    assert mirrored(story) == [PanelTags(points={"koszyk": 3}, complete=True)]
    assert story.goes_on(OPEN, tags_seen(minute(2), {"KOSZYK": 3})).commands == ()
    more = story.goes_on(OPEN, tags_seen(minute(3), {"KOSZYK": 4, "MENU1": 1}), tags_seen(minute(4), {"MENU1": 1}))
    assert mirrored(more) == [
        PanelTags(points={"koszyk": 4, "menu1": 1}, complete=True),
        PanelTags(points={"menu1": 1}, gone=("koszyk",), complete=True),
    ]
    assert to_salesmanago(more) == []


@pytest.mark.parametrize("tag", ["IDOSELL_VIP", "SALESMANAGO_SHOP1_KOSZYK", "SALESMANAGO_X", "IDOSELL_", "___"])
def test_what_came_from_the_panel_does_not_go_there_again(tag: str) -> None:
    story = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["vip"]), tags_seen(minute(2), {tag: 3, "KOSZYK": 1}))
    assert [one.points for one in mirrored(story)] == [{"koszyk": 1}]


def test_a_shop_without_panel_gets_no_tags() -> None:
    story = life(WITHOUT_PANEL, an_order(minute(0), categories=["Obuwie"]), tags_seen(minute(1), {"KOSZYK": 3}))
    assert mirrored(story) == []
    assert mirror_command(story.contact, OPEN) is not None, "the same person, where there is a panel"


def test_a_shop_with_a_webhook_gets_them() -> None:
    shop = a_shop(panel=Panel(kind=PanelKind.WEBHOOK))
    assert len(mirrored(life(shop, an_order(minute(0), categories=["Obuwie"])))) == 1


def test_an_order_writes_its_sections_at_once_and_tells_both_sides_in_one_plan() -> None:
    plan = life(OPEN, an_order(minute(0), categories=["Obuwie/Męskie"])).plan
    assert [type(one) for one in commands_of(plan)] == [UpsertContact, AddEvent, MirrorTags]
    assert mirrored(life(OPEN, an_order(minute(0), categories=["Obuwie/Męskie"]))) == [PanelTags(sections=("obuwie", "męskie"))]


def test_a_second_order_writes_only_if_it_brings_a_new_section() -> None:
    story = life(OPEN, an_order(minute(0), categories=["Obuwie"]))
    assert mirrored(story.goes_on(OPEN, an_order(minute(1), order_id="2", categories=["OBUWIE"]))) == []
    more = story.goes_on(OPEN, an_order(minute(1), order_id="2", categories=["Zegarki"]))
    assert [one.sections for one in mirrored(more)] == [("obuwie", "zegarki")]


def test_where_the_customer_came_from_is_no_section() -> None:
    assert mirrored(life(OPEN, an_order(minute(0), source="allegro"))) == []


@pytest.mark.parametrize("consent", [False, None])
def test_an_order_that_stays_in_the_shop_writes_no_sections(consent: bool | None) -> None:
    assert mirrored(life(CAREFUL, an_order(minute(0), consent=consent, categories=["Obuwie"]))) == []
    assert len(mirrored(life(CAREFUL, an_order(minute(0), consent=True, categories=["Obuwie"])))) == 1


@pytest.mark.parametrize(
    "event",
    [registered(minute(2)), subscribed(minute(2)), viewed(minute(2)), cart_changed(minute(2)), tags_edited(minute(2), added=["x"])],
    ids=lambda event: type(event).__name__,
)
def test_other_events_of_the_shop_write_nothing_to_it(event: Any) -> None:
    story = life(OPEN, an_order(minute(0), categories=["Obuwie"]), tags_seen(minute(1), {"KOSZYK": 3})).goes_on(OPEN, event)
    assert (mirrored(story), home(story)) == ([], [])


def test_a_section_that_salesmanago_lost_goes_from_the_panel() -> None:
    story = life(OPEN, an_order(minute(0), categories=["Obuwie"]), tags_seen(minute(1), {"OBUWIE": 2}), tags_seen(minute(2)))
    assert mirrored(story)[-1] == PanelTags(gone=("obuwie",), complete=True)


def test_a_new_order_from_a_section_that_salesmanago_lost_brings_the_tag_back_on_both_sides() -> None:
    story = life(OPEN, an_order(minute(0), categories=["Obuwie"]), tags_seen(minute(1), {"OBUWIE": 2}), tags_seen(minute(2)))
    again = story.goes_on(OPEN, an_order(minute(3), order_id="2", categories=["Obuwie"]))
    assert [one.add_tags for one in again.commands if isinstance(one, UpsertContact)] == [("Obuwie",)]
    assert [one.sections for one in mirrored(again)] == [("obuwie",)]


@pytest.mark.parametrize("section", ["salesmanago_promo", "SALESmanago promo"])
def test_a_section_whose_name_begins_like_a_tag_of_ours_doubles_no_prefix(section: str) -> None:
    for tags in mirrored(life(OPEN, an_order(minute(0), categories=[section]))):
        assert tags.sections == ()


def test_mirroring_is_remembered_so_that_the_same_is_not_sent_twice() -> None:
    story = life(OPEN, registered(minute(0)), tags_seen(minute(1), {"KOSZYK": 3}))
    assert story.contact.shop_state.tags == panel_tags(story.contact)
    assert mirror_command(story.contact, OPEN) is None


def test_a_person_without_tags_costs_the_panel_nothing() -> None:
    assert mirrored(life(OPEN, registered(minute(0)), tags_seen(minute(1)), tags_seen(minute(2), {"IDOSELL_X": 1}))) == []


def test_an_older_list_of_tags_reaches_nobody() -> None:
    story = life(OPEN, registered(minute(0)), tags_seen(minute(5), {"KOSZYK": 3}))
    assert story.goes_on(OPEN, tags_seen(minute(4), {"MENU1": 1})).plan == Supersede(Reason.NOTHING_NEW)


def test_while_only_a_customer_id_is_known_there_is_nobody_to_tell() -> None:
    unknown: tuple[Contact, Shop] = (Contact(), OPEN)
    assert mirror_command(*unknown) is None


def test_tags_lost_in_salesmanago_are_sent_there_and_statuses_of_the_same_poll_are_learned_here() -> None:
    story = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["vip"]))
    plan = story.goes_on(OPEN, tags_seen(minute(2), {"KOSZYK": 1})).plan
    assert isinstance(plan, Send)
    assert {type(one) for one in plan.commands} == {MirrorTags, UpsertContact}
    assert shop_commands(story.contact, tags_seen(minute(2)), OPEN) == ()
