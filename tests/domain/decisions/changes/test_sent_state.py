"""What counts as sent after commands were queued, cancelled, or lost on the other side (R26, R72)."""

from typing import Any

import pytest

from app.domain import tags
from app.domain.commands import ConfirmationMail, DeleteContact, MirrorTags, ReportErasure, SetSubscription, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.changes.sent_state import (
    digest_of_sent_state,
    mark_sent,
    mark_unsent,
    reset_to_remote,
    still_called,
    vanished,
    without_opt_outs,
)
from app.domain.events import DriftFound
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag, TimedText
from app.domain.person.sides import Observed, ObservedStatus, SentState, ShopState
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import EMAIL, an_event, an_upsert, at

THEN, NOW = at("2026-11-23T11:00"), at("2026-11-23T12:00")
IN, OUT = TimedStatus(Status.OPT_IN, THEN), TimedStatus(Status.OPT_OUT, THEN)
MAIL = ConfirmationMail()
SENT = SentState(
    email=EMAIL,
    profile={"first_name": "Jan", "phone": "+48600100200"},
    tags={"idosell_vip": True, "obuwie": True},
    email_news=IN,
    phone_news=OUT,
    email_asked_at=THEN,
)
KNOWN = Contact(email=EMAIL, sent_state=SENT)
for_both_channels = pytest.mark.parametrize("turned", channels.BOTH)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (an_upsert(), SENT),
        (an_upsert(email="old@example.com", new_email=EMAIL), replace(SENT, email="old@example.com")),
        (an_upsert(profile={"phone": "x"}), replace(SENT, profile={"first_name": "Jan"})),
        (an_upsert(add_tags=("IDOSELL_VIP",)), replace(SENT, tags={"obuwie": True})),
        (an_upsert(remove_tags=("Obuwie",)), replace(SENT, tags={"idosell_vip": True})),
        (an_upsert(email_status=Status.OPT_IN), replace(SENT, email_news=None)),
        (an_upsert(phone_status=Status.OPT_OUT), replace(SENT, phone_news=None)),
        (an_upsert(asks_opt_in=MAIL), replace(SENT, email_asked_at=None)),
        (an_upsert(introduces=True), SentState(email_news=IN, phone_news=OUT, email_asked_at=THEN)),
        (an_upsert(introduces=True, email_status=Status.OPT_IN), SentState(phone_news=OUT, email_asked_at=THEN)),
        (an_upsert(introduces=True, phone_status=Status.OPT_OUT), SentState(email_news=IN, email_asked_at=THEN)),
        (an_upsert(introduces=True, asks_opt_in=MAIL), SentState(email_news=IN, phone_news=OUT)),
        (an_event(), SENT),
        (DeleteContact(email=EMAIL), SENT),
    ],
)
def test_a_cancelled_command_leaves_unsent_what_it_carried(command: Any, left: SentState) -> None:
    assert mark_unsent(KNOWN, [command]).sent_state == left


def test_of_somebody_who_was_never_sent_a_cancelled_command_leaves_no_address() -> None:
    unknown = replace(KNOWN, sent_state=SentState(email_news=OUT))
    assert mark_unsent(unknown, [an_upsert(email_status=Status.OPT_OUT)]).sent_state == SentState()


def test_of_somebody_erased_nothing_is_left_to_be_sent() -> None:
    erased = replace(KNOWN, erased=True)
    assert mark_unsent(erased, [an_upsert(email_status=Status.OPT_IN)]) == erased


@for_both_channels
def test_a_cancelled_notice_leaves_the_shop_without_the_status_that_it_carried(turned: Turned) -> None:
    contact = turned(replace(KNOWN, shop_state=ShopState(email_news=IN, phone_news=OUT, tags=PanelTags(sections=("obuwie",)))))
    notice = turned(SetSubscription(email=EMAIL, email_news=IN))
    assert mark_unsent(contact, [notice]).shop_state == turned(replace(turned(contact.shop_state), email_news=None))
    older = turned(SetSubscription(email=EMAIL, email_news=replace(IN, at=NOW)))
    assert mark_unsent(contact, [older]) == contact


def test_a_cancelled_mirror_of_tags_leaves_the_shop_without_them() -> None:
    contact = replace(KNOWN, shop_state=ShopState(email_news=IN, tags=PanelTags(sections=("obuwie",))))
    assert mark_unsent(contact, [MirrorTags(email=EMAIL, tags=PanelTags())]).shop_state == ShopState(email_news=IN)
    assert mark_unsent(contact, [ReportErasure(email=EMAIL, erased_by="shop2", at=NOW)]) == contact


# -- queued --------------------------------------------------------------------------------------------------------------

ACTED = replace(
    KNOWN,
    email_news=Channel(opted_out=NOW),
    phone_news=Channel(opted_in=NOW),
    email_asked_at=NOW,
    panel_tags={"dawny": TimedFlag(value=False, at=THEN)},
    profile={"phone": TimedText("", THEN, cleared=True), "gender": TimedText("", THEN, cleared=True), "city": TimedText("", THEN)},
)


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (an_upsert(), SENT),
        (an_upsert(new_email="new@example.com"), replace(SENT, email="new@example.com")),
        (an_upsert(profile={"phone": "x"}), replace(SENT, profile={"first_name": "Jan", "phone": "x"})),
        (an_upsert(add_tags=("VIP",), remove_tags=("Obuwie",)), replace(SENT, tags={**SENT.tags, "vip": True, "obuwie": False})),
        (an_upsert(add_tags=("vip",), remove_tags=("VIP",)), replace(SENT, tags={**SENT.tags, "vip": True})),
        (an_upsert(email_status=Status.OPT_OUT), replace(SENT, email_news=TimedStatus(Status.OPT_OUT, NOW))),
        (an_upsert(phone_status=Status.OPT_IN), replace(SENT, phone_news=TimedStatus(Status.OPT_IN, NOW))),
        (an_upsert(asks_opt_in=MAIL), replace(SENT, email_asked_at=NOW)),
        (an_event(), SENT),
        (DeleteContact(email=EMAIL), SentState()),
    ],
)
def test_what_a_queued_command_carries_counts_as_sent(command: Any, sent: SentState) -> None:
    assert mark_sent(ACTED, [command]).sent_state == sent


def test_of_somebody_who_is_introduced_nothing_is_left_to_be_removed_or_cleared() -> None:
    unknown = replace(ACTED, sent_state=SentState(profile={"first_name": "Jan"}))
    assert mark_sent(unknown, [an_upsert(introduces=True, profile={"last_name": "Kowalski"})]).sent_state == SentState(
        email=EMAIL,
        profile={"first_name": "Jan", "last_name": "Kowalski", "phone": ""},
        tags={"idosell_dawny": False},
    )
    assert mark_sent(unknown, [an_upsert()]).sent_state == unknown.sent_state, "an opt-out alone introduces nobody"
    tagged = replace(unknown, panel_tags={"vip": TimedFlag(value=True, at=THEN)})
    assert mark_sent(tagged, [an_upsert(introduces=True)]).sent_state.tags == {}, "of a tag that was not carried nothing was said"


def test_of_very_many_tags_that_were_sent_the_oldest_are_forgotten_unless_they_still_matter() -> None:
    most = 4 * tags.MOST_TAGS
    spoken = {"idosell_vip": True} | {f"t{number}": True for number in range(most - 1)}
    contact = replace(KNOWN, panel_tags={"vip": TimedFlag(value=True, at=THEN)}, sent_state=replace(SENT, tags=spoken))
    assert mark_sent(contact, [an_upsert()]).sent_state.tags == spoken
    fewer = dict(list(spoken.items())[: 3 * tags.MOST_TAGS])
    assert mark_sent(replace(contact, sent_state=replace(SENT, tags=fewer)), [an_upsert()]).sent_state.tags == fewer
    kept = mark_sent(contact, [an_upsert(add_tags=("new",))]).sent_state.tags
    assert spoken.keys() - kept.keys() == {"t0"}
    assert (len(kept), kept["idosell_vip"], kept["new"]) == (most, True, True)


# -- lost ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "sent", "kept"),
    [
        (Channel(opted_out=THEN), OUT, None),
        (Channel(opted_in=THEN), OUT, OUT),
        (Channel(opted_out=THEN), IN, IN),
        (Channel(), OUT, OUT),
        (Channel(opted_out=THEN), None, None),
    ],
)
@for_both_channels
def test_r06_only_an_opt_out_that_the_person_still_wants_is_sent_once_more(
    channel: Channel, sent: TimedStatus | None, kept: TimedStatus | None, turned: Turned
) -> None:
    contact = turned(replace(KNOWN, email_news=channel, sent_state=replace(SENT, email_news=sent)))
    assert without_opt_outs(contact) == turned(replace(SENT, email_news=kept))


def test_r72_a_person_who_vanished_is_introduced_anew_and_not_opted_in_again() -> None:
    disputed = Observed(email_disputed=True, phone_disputed=True, created_at=THEN)
    gone = vanished(replace(KNOWN, observed=disputed, rename_refused_at=THEN, phone_news=Channel(opted_out=THEN)), NOW)
    shown = ObservedStatus(Status.OPT_OUT, NOW, NOW)
    assert gone.sent_state == SentState(email_news=IN, email_asked_at=THEN)
    assert gone.observed == Observed(email_news=shown, phone_news=shown, created_at=THEN)
    assert gone.rename_refused_at is None


def test_r72_after_a_refused_rename_all_is_sent_again_under_the_former_address() -> None:
    contact = still_called(replace(KNOWN, phone_news=Channel(opted_out=THEN)), "old@example.com", NOW)
    assert contact.sent_state == replace(SENT, email="old@example.com", profile={}, phone_news=None)
    assert contact.rename_refused_at == NOW


@pytest.mark.parametrize(
    ("drift", "tags_there"),
    [
        ({}, {"idosell_vip": True, "obuwie": True}),
        ({"missing": ("obuwie",)}, {"idosell_vip": True}),
        ({"left": ("idosell_dawny",)}, {"idosell_vip": True, "obuwie": True, "idosell_dawny": True}),
    ],
)
def test_r26_a_comparison_makes_what_is_there_the_sent_state(drift: Any, tags_there: dict[str, bool]) -> None:
    found = DriftFound(at=NOW, email=EMAIL, known_as="old@example.com", **drift)
    there = reset_to_remote(replace(KNOWN, rename_refused_at=THEN), found)
    assert there.sent_state == replace(SENT, email="old@example.com", tags=tags_there)
    assert there.rename_refused_at is None
    assert reset_to_remote(KNOWN, replace(found, known_as=None)) == vanished(KNOWN, NOW)


def test_the_digest_changes_with_the_sent_state_alone() -> None:
    digest = digest_of_sent_state(KNOWN)
    assert len(digest) == 16
    assert digest_of_sent_state(replace(KNOWN, email="x@example.com")) == digest
    assert digest_of_sent_state(replace(KNOWN, sent_state=SentState())) != digest


def test_commands_are_taken_back_in_the_order_opposite_to_that_in_which_they_were_queued() -> None:
    first = an_upsert(introduces=True)
    rename = UpsertContact(email=EMAIL, new_email="new@example.com")
    renamed = replace(KNOWN, sent_state=SentState(email="new@example.com"))
    assert mark_unsent(renamed, [first, rename]).sent_state == SentState()
    assert mark_unsent(renamed, [rename]).sent_state == SentState(email=EMAIL)
