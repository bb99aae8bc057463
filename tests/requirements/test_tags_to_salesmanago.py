"""R20 to R29: tags towards SALESmanago."""

import pytest

from app.clients.salesmanago import payloads
from app.domain import tags
from app.domain.commands import (
    UpsertContact,
)
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.learn import learn
from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.decisions.plan import Supersede, Withhold
from app.domain.delivery.coalesce import CoalescedCommands
from app.domain.delivery.verify import RemoteContact, still_missing
from app.domain.reasons import Reason
from app.domain.salesmanago_limits import MAX_TAG_CHARS
from app.domain.shops.shop import TagConflicts
from tests.support.builders import (
    a_shop,
    account_changed,
    an_item,
    an_order,
    an_upsert,
    commands_of,
    life,
    lost_tags,
    reason_of,
    registered,
    subscribed,
    tags_edited,
    tags_seen,
    the_upsert,
)
from tests.support.rows import OPEN


def test_r20_an_account_created_is_tagged_rejestracja_and_a_wholesaler_as_such_too() -> None:
    assert the_upsert(life(OPEN, registered()).plan).add_tags == ("rejestracja",)
    assert set(the_upsert(life(OPEN, registered(wholesaler=True)).plan).add_tags) == {"rejestracja", "wholesaler"}


def test_r20_a_guest_who_orders_has_no_account_and_no_such_tag() -> None:
    assert "rejestracja" not in the_upsert(life(OPEN, an_order()).plan).add_tags


def test_r20_who_is_no_wholesaler_any_more_loses_the_tag() -> None:
    known = life(OPEN, registered("2026-11-23T10:00", wholesaler=True))
    assert the_upsert(known.goes_on(OPEN, account_changed(wholesaler=False)).plan).remove_tags == ("wholesaler",)


def test_r21_a_subscriber_without_account_is_tagged_newsletter_and_one_with_account_is_not() -> None:
    assert the_upsert(life(OPEN, subscribed(has_account=False)).plan).add_tags == ("newsletter",)
    assert the_upsert(life(OPEN, subscribed(has_account=True)).plan).add_tags == ()


def test_r22_shoes_of_two_sections_earn_exactly_their_five_tags() -> None:
    order = an_order(categories=["Obuwie/Męskie/Sportowe", "Wyprzedaże/Wiosna 2015"])
    assert the_upsert(life(OPEN, order).plan).add_tags == ("Obuwie", "Męskie", "Sportowe", "Wyprzedaże", "Wiosna 2015")


def test_r22_a_section_that_occurs_twice_is_one_tag() -> None:
    goods = (an_item("101", categories=["Obuwie/Męskie"]), an_item("102", categories=["Obuwie/Damskie", "OBUWIE"]))
    assert the_upsert(life(OPEN, an_order(items=goods)).plan).add_tags == ("Obuwie", "Męskie", "Damskie")


@pytest.mark.parametrize("source", ["allegro", "younity", "facebook", "ceneo", "google"])
def test_r23_an_order_tells_where_the_customer_came_from(source: str) -> None:
    shop = a_shop(host="sklep.iai-shop.com")
    assert the_upsert(life(shop, an_order(source=source)).plan).add_tags == (f"idosell_{source}_sklep.iai-shop.com",)
    assert the_upsert(life(shop, an_order(source=None)).plan).add_tags == ()


def test_r23_a_registration_tells_where_the_customer_came_from() -> None:
    shop = a_shop(host="sklep.iai-shop.com")
    upsert = the_upsert(life(shop, registered(source="facebook")).plan)
    assert set(upsert.add_tags) == {"rejestracja", "idosell_facebook_sklep.iai-shop.com"}


def test_r23_older_tags_without_the_prefix_are_never_touched() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    edited = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", removed=["allegro_sklep"]))
    assert all(tag.startswith("idosell_") for tag in the_upsert(edited.plan).remove_tags)


def test_r24_a_tag_of_the_staff_travels_with_the_prefix() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    assert the_upsert(known.goes_on(OPEN, tags_edited(added=["brak_aktywności"])).plan).add_tags == ("idosell_brak_aktywności",)


def test_r24_the_full_list_of_tags_says_what_is_gone() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip", "hurt"]))
    upsert = the_upsert(known.goes_on(OPEN, tags_edited("2026-11-23T12:00", all_tags=["hurt", "nowy"])).plan)
    assert (upsert.add_tags, upsert.remove_tags) == (("idosell_nowy",), ("idosell_vip",))


def test_r25_renaming_a_tag_removes_the_old_and_adds_the_new_in_one_operation() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["brak_aktywności"]))
    renamed = known.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["brak_aktywności"], added=["brak_aktywności2"]))
    assert commands_of(renamed.plan) == (
        an_upsert(add_tags=("idosell_brak_aktywności2",), remove_tags=("idosell_brak_aktywności",)),
    )


def test_r26_a_tag_lost_in_salesmanago_is_added_again_with_the_next_update() -> None:
    contact = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["Brak aktywności"])).contact
    contact = learn(tags_seen("2026-11-23T12:00", {"REJESTRACJA": 1}), OPEN, contact)
    assert lost_tags(contact, OPEN) == ["idosell_brak_aktywnosci"]
    assert difference(contact, OPEN) == an_upsert(add_tags=("idosell_Brak aktywności",))


def test_r26_a_tag_that_is_still_there_or_went_in_the_panel_too_is_no_loss() -> None:
    tagged = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["brak_aktywności"]))
    seen = learn(tags_seen("2026-11-23T12:00", {"IDOSELL_BRAK_AKTYWNOSCI": 1}), OPEN, tagged.contact)
    assert (lost_tags(seen, OPEN), seen.sent_state) == ([], tagged.contact.sent_state)
    gone = tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["brak_aktywności"]))
    assert lost_tags(learn(tags_seen("2026-11-23T13:00"), OPEN, gone.contact), OPEN) == []


@pytest.mark.parametrize("setting", [TagConflicts.ACCEPT, TagConflicts.REPORT])
def test_r26_where_the_shop_says_so_the_loss_stands_but_is_shown(setting: TagConflicts) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = life(shop, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip"])).contact
    contact = learn(tags_seen("2026-11-23T12:00"), shop, contact)
    assert lost_tags(contact, shop) == ["idosell_vip"]
    assert difference(contact, shop) is None


def test_r26_a_tag_that_gets_lost_again_and_again_is_added_three_times_a_day_and_then_only_shown() -> None:
    story = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip"]))
    story = story.goes_on(OPEN, *(tags_seen(f"2026-11-23T12:{number:02}") for number in range(10)))
    assert [one.add_tags for one in story.commands if isinstance(one, UpsertContact)] == [("idosell_vip",)] * READD_LIMIT
    assert lost_tags(story.contact, OPEN) == ["idosell_vip"]


def test_r27_text_goes_out_as_written_and_is_compared_folded() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    first = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", added=["  Brak   Aktywności, stała "]))
    assert the_upsert(first.plan).add_tags == ("idosell_Brak Aktywności_stała",)
    again = first.goes_on(OPEN, tags_edited("2026-11-23T12:00", added=["brak_aktywnosci_stala"]))
    assert again.plan == Supersede(Reason.NOTHING_NEW)


def test_r27_two_panel_tags_of_one_canonical_form_are_a_collision() -> None:
    assert tags.collisions(["Żółty", "zolty", "czerwony"]) == (("Żółty", "zolty"),)
    both = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["Żółty", "zolty"]))
    one_left = both.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["zolty"]))
    assert one_left.plan == Supersede(Reason.NOTHING_NEW), "the tag stays as long as either is there"


@pytest.mark.parametrize(
    "sections",
    [
        ("Взуття", "Куртки", "Bluzy дитячі", "Bluzy жіночі"),
        ("Παπούτσια", "Τσάντες"),
        ("นาฬิกา", "رجالي", "靴", "जूते"),
        ("x" * 70, "x" * 69 + "y"),
        ("ż" * 255, "ż" * 254 + "x"),
    ],
)
def test_r27_different_words_of_any_alphabet_and_length_travel_as_different_tags(sections: tuple[str, ...]) -> None:
    added = the_upsert(life(OPEN, an_order(categories=sections)).plan).add_tags
    assert len({tags.canonical(tag) for tag in added}) == len(sections)
    assert all(len(tag) <= MAX_TAG_CHARS for tag in added)
    staff = life(OPEN, registered("2026-11-23T10:00")).goes_on(OPEN, tags_edited("2026-11-23T11:00", added=sections))
    assert len(the_upsert(staff.plan).add_tags) == len(sections)


@pytest.mark.parametrize(
    ("added", "removed"), [("VIP", "vip"), ("cze\u015b\u0107", "czes\u0301c\u0301"), ("ЙОГА", "и\u0306ога"), ("a  b", "A b")]
)
def test_r27_a_tag_is_removed_by_any_spelling_of_its_word(added: str, removed: str) -> None:
    tagged = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=[added]))
    for edit in ({"removed": [removed]}, {"all_tags": []}):
        gone = tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", **edit))
        assert {tags.canonical(tag) for tag in the_upsert(gone.plan).remove_tags} == {tags.canonical(f"idosell_{added}")}
    assert tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", all_tags=[removed])).plan == Supersede(Reason.NOTHING_NEW)


def test_r28_only_differences_are_sent_and_a_repetition_sends_none() -> None:
    events = [registered(wholesaler=True), subscribed(), tags_edited(added=["vip"]), an_order(categories=["Obuwie"])]
    story = life(OPEN, *events)
    assert story.goes_on(OPEN, *events).commands == ()


def test_r28_tags_never_raise_a_score() -> None:
    single = payloads.single_upsert(an_upsert(add_tags=("vip",)))
    (batched,) = payloads.batch_upsert([an_upsert(add_tags=("vip",))])["upsertDetails"]
    assert single["tagScoring"] is False
    assert batched["tagScoring"] is False


def test_r28_after_an_unknown_outcome_only_what_is_missing_is_sent() -> None:
    bundle = CoalescedCommands(an_upsert(new_email="jan@new.example.com", add_tags=("vip", "Hurt"), remove_tags=("stary", "dawny")))
    arrived = RemoteContact("jan@new.example.com", tags={"VIP": 1, "STARY": 1})
    left = still_missing(bundle, {"jan@new.example.com": arrived}).upsert
    assert left == an_upsert("jan@new.example.com", add_tags=("Hurt",), remove_tags=("stary",))


def test_r29_a_panel_tag_that_came_from_salesmanago_never_goes_back() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    mirrored = known.goes_on(OPEN, tags_edited(added=["salesmanago_shop1_koszyk", "SALESmanago_obuwie"]))
    assert mirrored.plan == Withhold(Reason.TAGS_MAY_NOT_TRAVEL)
    assert the_upsert(known.goes_on(OPEN, tags_edited(added=["shop1_koszyk"])).plan).add_tags == ("idosell_shop1_koszyk",)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"added": ["***"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"removed": ["salesmanago_obuwie"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"added": ["vip", "salesmanago_obuwie"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"all_tags": ["salesmanago_obuwie"], "removed": []}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"all_tags": ["vip", "salesmanago_obuwie"]}, Reason.NOTHING_NEW),
        ({"added": ["vip"]}, Reason.NOTHING_NEW),
    ],
)
def test_r29_nothing_new_is_never_said_of_tags_that_may_not_travel(edit: dict[str, list[str]], reason: Reason) -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    if "vip" in str(edit):
        known = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", added=["vip"]))
    assert reason_of(known.goes_on(OPEN, tags_edited("2026-11-23T12:00", **edit)).plan) is reason


def test_r29_a_tag_that_came_from_the_panel_never_goes_back_and_no_prefix_doubles() -> None:
    assert tags.to_panel("IDOSELL_VIP", 1) is None
    assert tags.to_panel("KOSZYK", 1) == "salesmanago_shop1_koszyk"
    assert tags.to_upstream("idosell_vip") == "idosell_vip"
    assert tags.source_tag("idosell_allegro", "sklep.iai-shop.com") == "idosell_allegro_sklep.iai-shop.com"
