"""People keep their rows, their names and their order on either database."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.domain.commands import Line
from app.domain.consent import (
    BOXES_REMEMBERED,
    Channel,
    ConsentAnswer,
    ConsentAnswerCounts,
    Policy,
    Status,
    TimedStatus,
    TransferConsent,
)
from app.domain.decisions.carts import Cart, StoredCart
from app.domain.errors import NotReady
from app.domain.event_parts import Item
from app.domain.intake.inbox import EventState, Settlement
from app.domain.person.contact import NOBODY, Contact
from app.domain.person.contact_parts import TimedFlag, TimedText
from app.domain.person.sale import Sale
from app.domain.person.sides import SentState
from app.domain.person.stored import Alias, StoredContact
from app.domain.reasons import Reason
from app.domain.shops.configuration import ApiKey, StoredAccount, StoredShop
from app.domain.shops.shop import Account, Panel, PanelKind, Shop
from app.storage.engine.database import Database
from app.storage.engine.tables import contacts
from app.storage.unit_of_work import Store
from tests.support.stored import (
    ACCOUNT,
    SHOP,
    T0,
    a_call,
    a_command,
    after,
    attempted,
    claimed,
    new_event,
    queued,
    recorded,
    stored,
    subscribed,
    tried,
)


def someone(email: str = "jan@example.pl", **known: object) -> Contact:
    return replace(NOBODY, email=email, **known)  # type: ignore[arg-type]


async def added(store: Store, *people: Contact, shop: str = SHOP) -> list[int]:
    async with store.work() as work:
        ids = await work.contacts.add([(shop, one, None) for one in people], T0)
        await work.commit()
    return ids


async def saved(store: Store, *people: StoredContact) -> None:
    async with store.work() as work:
        await work.contacts.save(people, T0)
        await work.commit()


async def known(
    store: Store, *emails: str, customers: tuple[str, ...] = (), erased: tuple[str, ...] = (), shop: str = SHOP
) -> list[StoredContact]:
    async with store.work() as work:
        return await work.contacts.known_as(shop, emails, customers, erased)


async def test_new_people_get_their_ids_in_the_order_they_came(store: Store) -> None:
    people = [someone(f"c{number}@example.pl") for number in (5, 3, 9, 1, 7)] + [
        someone("", customer_id="17"),
        someone("", customer_id="18"),
    ]
    ids = await added(store, *people)
    async with store.work() as work:
        found = {one.id: one.contact for one in await work.contacts.by_ids(ids)}
    assert [found[contact_id] for contact_id in ids] == people
    assert await added(store) == []


async def test_a_person_is_found_by_address_customer_id_or_hash_in_their_shop_alone(store: Store) -> None:
    jan, ewa = await added(store, someone("jan@example.pl", customer_id="17"), someone("ewa@example.pl"))
    await added(store, someone("jan@example.pl", customer_id="17"), shop="shop2")
    await saved(store, StoredContact(ewa, SHOP, someone(""), "hash"))
    assert [one.id for one in await known(store, "jan@example.pl")] == [jan]
    assert [one.id for one in await known(store, customers=("17",))] == [jan]
    assert [(one.id, one.erased_hash) for one in await known(store, erased=("hash",))] == [(ewa, "hash")]
    assert {one.id for one in await known(store, "jan@example.pl", customers=("17",), erased=("hash",))} == {jan, ewa}
    assert await known(store, "ewa@example.pl", erased=("other",)) == []


async def test_two_people_may_swap_their_addresses_in_one_batch(store: Store) -> None:
    a, b, c = await added(store, someone("a@example.pl"), someone("b@example.pl"), someone("c@example.pl"))
    await saved(
        store, *(StoredContact(i, SHOP, someone(e)) for i, e in ((a, "b@example.pl"), (b, "c@example.pl"), (c, "a@example.pl")))
    )
    assert {one.id: one.contact.email for one in await known(store, *(f"{x}@example.pl" for x in "abc"))} == {
        a: "b@example.pl",
        b: "c@example.pl",
        c: "a@example.pl",
    }


async def test_an_address_belongs_to_one_person_of_a_shop(store: Store) -> None:
    await added(store, someone("a@example.pl"))
    with pytest.raises(Exception, match=r"(?i)unique") as caught:
        await added(store, someone("a@example.pl"))
    assert not isinstance(caught.value, NotReady)  # a defect, not an outage


async def test_an_erased_person_keeps_no_address_only_the_hash(store: Store, database: Database) -> None:
    (jan,) = await added(store, someone("jan@example.pl"))
    await saved(store, StoredContact(jan, SHOP, someone("", erased_at=T0), "hash"))
    async with database.transaction() as connection:
        (row,) = await connection.execute(select(contacts))
    assert (row.email, row.erased_hash) == (None, "hash")
    assert await known(store, "jan@example.pl") == []
    await saved(store, StoredContact(jan, SHOP, someone("jan@example.pl")))
    assert [(one.id, one.erased_hash) for one in await known(store, "jan@example.pl")] == [(jan, None)]


async def test_r03_a_page_of_those_who_were_sent_leaves_out_strangers_of_whatever_shop(store: Store) -> None:
    sent = [someone(f"s{number}@example.pl", sent_state=SentState(email=f"s{number}@example.pl")) for number in range(3)]
    ids = await added(store, someone("x@example.pl"), sent[0], someone("y@example.pl"), sent[1], sent[2])
    async with store.work() as work:
        (other,) = await work.contacts.add(
            [("shop2", someone("b@example.pl", sent_state=SentState(email="b@example.pl")), None)], T0
        )
        await work.contacts.add([("shop3", someone("c@example.pl", sent_state=SentState(email="c@example.pl")), None)], T0)
        await work.commit()
    await saved(store, StoredContact(ids[3], SHOP, someone("s1@example.pl")))  # taken back before it left
    async with store.work() as work:
        first = await work.contacts.page_of_sent([SHOP, "shop2"], 0, 2)
        assert [one.id for one in first] == [ids[1], ids[4]]
        assert [one.id for one in await work.contacts.page_of_sent([SHOP, "shop2"], ids[4], 2)] == [other]
        assert await work.contacts.page_of_sent([], 0, 2) == []


async def test_a_former_address_that_was_ever_sent_stays_so(store: Store) -> None:
    async with store.work() as work:
        for sent in (True, False):
            await work.contacts.remember_address(Alias(SHOP, "old@example.pl", 1, T0, sent=sent))
        await work.contacts.remember_address(Alias(SHOP, "older@example.pl", 1, T0, sent=False))
        found = {one.email: one.sent for one in await work.contacts.aliases_of([1])}
    assert found == {"old@example.pl": True, "older@example.pl": False}


async def test_former_addresses_are_remembered_with_their_end_and_forgotten_together(store: Store) -> None:
    async with store.work() as work:
        for alias in (
            Alias(SHOP, "old@example.pl", 1, after(seconds=1)),
            Alias(SHOP, "old@example.pl", 2, after(seconds=2)),
            Alias(SHOP, "older@example.pl", 1, T0),
            Alias("shop2", "old@example.pl", 3, T0),
            Alias(SHOP, "old@example.pl", 1, after(seconds=5)),
        ):
            await work.contacts.remember_address(alias)
        found = await work.contacts.aliases(SHOP, ["old@example.pl", "nobody@example.pl"])
        assert sorted(found, key=lambda one: one.contact_id) == [
            Alias(SHOP, "old@example.pl", 1, after(seconds=5)),
            Alias(SHOP, "old@example.pl", 2, after(seconds=2)),
        ]
        assert sorted(one.email for one in await work.contacts.aliases_of([1])) == ["old@example.pl", "older@example.pl"]
        await work.contacts.forget_addresses(1)
        assert await work.contacts.aliases_of([1]) == []
        assert [one.email for one in await work.contacts.aliases_of([2])] == ["old@example.pl"]


async def test_a_conflict_is_noted_for_a_person_to_see(store: Store) -> None:
    one, two = await added(store, someone("a@example.pl"), someone("b@example.pl"))
    async with store.work() as work:
        await work.contacts.merge(one, two, "renamed onto an address that had a contact of its own")
        assert [merged.id for merged in await work.contacts.merged_into(two)] == [one]
        assert await work.contacts.conflicts() == {SHOP: (1, 0)}


async def test_r91_what_somebody_saw_stays_listed_and_counts_no_more(store: Store) -> None:
    seen = replace(someone("a@example.pl"), rename_refused_at=T0, seen_conflicts={"rename_refused": T0})
    one, left, heir = await added(store, seen, someone("b@example.pl"), someone("c@example.pl"))
    async with store.work() as work:
        await work.contacts.merge(left, heir, "renamed onto an address that had a contact of its own")
        assert await work.contacts.conflicts() == {SHOP: (1, 0)}
        for person in (one, left, heir):
            await work.contacts.mark_left_as_seen(person)
        assert await work.contacts.conflicts() == {SHOP: (0, 0)}
        assert [person.id for person in await work.contacts.disputed(SHOP, 5)] == [one, left]


async def test_b6_subscriptions_that_wait_for_a_click_are_known_and_are_no_conflict(store: Store) -> None:
    asked = replace(someone("a@example.pl"), email_asked_at=T0)
    contested = replace(someone("b@example.pl"), email_asked_at=T0, address_contested_at=T0)
    (waits, *_) = await added(store, asked, contested, someone("c@example.pl"))
    async with store.work() as work:
        assert await work.contacts.conflicts() == {SHOP: (0, 1)}
        assert await work.contacts.unconfirmed_counts() == {SHOP: 1}
        assert [one.id for one in await work.contacts.unconfirmed(SHOP, 5)] == [waits]
        assert [one.contact.email for one in await work.contacts.disputed(SHOP, 5)] == ["b@example.pl"]
        (known,) = await work.contacts.unconfirmed(SHOP, 5)
        clicked = Channel(opted_in=after(seconds=9))
        await work.contacts.save([replace(known, contact=replace(known.contact, email_news=clicked))], after(seconds=9))
        assert await work.contacts.unconfirmed_counts() == {}


FULL = Contact(
    email="zażółć@gęślą.pl",
    email_since=after(microseconds=1),
    customer_id="17\x7f",
    profile={"first_name": TimedText("Żółć \U0001f34f", after(microseconds=2))},
    registered=True,
    subscriber=True,
    wholesaler=TimedFlag(value=False, at=T0),
    transfer=TransferConsent(T0, after(days=1), after(days=2)),
    email_news=Channel(T0, after(microseconds=3)),
    phone_news=Channel(None, T0),
    panel_tags={"brak_aktywności": TimedFlag(value=True, at=T0)},
    panel_tags_complete_at=T0,
    earned_tags=("Obuwie", "Męskie"),
    last_purchase_at=T0,
    erased_at=T0,
    sent_state=SentState(
        email="old@gęślą.pl",
        profile={"city": "Łódź"},
        tags={"idosell_vip": False},
        email_news=TimedStatus(Status.OPT_OUT, T0),
        phone_news=TimedStatus(Status.OPT_IN, after(microseconds=4)),
    ),
)


async def test_what_is_known_of_a_person_comes_back_exactly(store: Store) -> None:
    await added(store, FULL)
    assert [one.contact for one in await known(store, FULL.email)] == [FULL]


# -- sales, carts, registry ----------------------------------------------------------------------------------------------


async def test_a_sale_is_remembered_per_shop_and_order_with_exact_numbers(store: Store) -> None:
    lines = (Line(product_id="1", name="ż", quantity=Decimal("1.50")),)
    sale = Sale(purchase_sent=True, returns=(T0,), lines=lines, value=Decimal("199.9900"), currency="PLN")
    async with store.work() as work:
        await work.sales.save({(SHOP, "o1"): Sale(cancelled=True), (SHOP, "o2"): sale, ("shop2", "o1"): sale})
        await work.sales.save({(SHOP, "o1"): sale})
        await work.sales.save({})
        found = await work.sales.of_orders(SHOP, ["o1", "o2", "o3"])
    assert found == {"o1": sale, "o2": sale}
    assert str(found["o1"].value) == "199.9900"


async def test_r05_the_last_answers_of_the_consent_box_are_kept_and_older_ones_are_not(store: Store) -> None:
    given, without_call, refused = ConsentAnswer.GIVEN, ConsentAnswer.NOT_ASKED, ConsentAnswer.NOT_GIVEN
    async with store.work() as work:
        await work.sales.count_consent_answers({SHOP: [given, given, without_call]})
        await work.sales.count_consent_answers({SHOP: [given] * 3, "shop2": [refused]})
        await work.sales.count_consent_answers({})
        assert await work.sales.consent_answers() == {
            SHOP: ConsentAnswerCounts(given=5, not_asked=1),
            "shop2": ConsentAnswerCounts(not_given=1),
        }
        await work.sales.count_consent_answers({SHOP: [without_call] * (BOXES_REMEMBERED - 2)})
        assert (await work.sales.consent_answers())[SHOP] == ConsentAnswerCounts(given=2, not_asked=BOXES_REMEMBERED - 2)
        await work.sales.count_consent_answers({SHOP: [given] * 300 + [without_call] * BOXES_REMEMBERED})
        assert (await work.sales.consent_answers())[SHOP] == ConsentAnswerCounts(not_asked=BOXES_REMEMBERED)


def a_cart(cart_id: str, **changed: float) -> Cart:
    item = Item(product_id="1", name="ż\x7f", quantity=Decimal("2.0"), menu_paths=(("Obuwie",),))
    return Cart(
        id=cart_id, items=(item,), changed_at=after(**changed), currency="PLN", value=Decimal("10.10"), recovery_url="https://ż.pl"
    )


async def test_open_carts_are_due_an_hour_after_their_last_change_oldest_first(store: Store) -> None:
    stored_carts = [
        StoredCart(SHOP, 1, 11, a_cart("c1", minutes=5), open=True),
        StoredCart(SHOP, None, 12, a_cart("c2"), open=True),
        StoredCart(SHOP, 1, 13, a_cart("closed"), open=False),
    ]
    async with store.work() as work:
        await work.carts.save(stored_carts)
        await work.carts.save([])
        await work.commit()
    async with store.work() as work:
        assert await work.carts.due(after(minutes=59.9999), 10) == []
        assert await work.carts.due(after(minutes=60), 10) == [stored_carts[1]]
        assert await work.carts.due(after(minutes=65), 10) == [stored_carts[1], stored_carts[0]]
        assert await work.carts.due(after(minutes=65), 1) == [stored_carts[1]]
        assert await work.carts.find(SHOP, ["c1", "closed", "nothing"]) == {"c1": stored_carts[0], "closed": stored_carts[2]}
        assert await work.carts.find("shop2", ["c1"]) == {}
        await work.carts.save([replace(stored_carts[1], contact_id=2, open=False)])
        assert await work.carts.due(after(days=1), 10) == [stored_carts[0]]
        await work.carts.forget_person(1)
        assert set(await work.carts.find(SHOP, ["c1", "c2", "closed"])) == {"c2"}


async def test_accounts_shops_and_keys_come_back_as_they_were_saved_last(store: Store) -> None:
    account = StoredAccount(
        Account(id="main", endpoint="https://ż.example", client_id="c", owner="o@b.pl"), {"api_secret": "closed"}
    )
    shop = Shop(
        id=SHOP,
        account="main",
        host="sklep.example",
        location="sklep_example",
        number=1,
        policy=Policy.ORDER_CONSENT,
        integration_started_at=T0,
    )
    panel = Panel(kind=PanelKind.WEBHOOK, base_url="https://sklep.example")
    later = replace(shop, policy=Policy.ALL_CUSTOMERS, panel=panel, enabled=False, hosts=("a", "ż"))
    key = ApiKey("k1", "shop", SHOP, "digest", T0)
    async with store.work() as work:
        await work.registry.save_accounts([account], T0)
        await work.registry.save_shops([StoredShop(shop, {})], T0)
        await work.registry.save_shops([StoredShop(later, {"callback": "x"})], T0)
        await work.registry.save_accounts([replace(account, secrets={"api_secret": "newer"})], T0)
        for one in (replace(key, id="k2", role="operator", shop_id=None, created_at=after(microseconds=1)), key):
            await work.registry.add_key(one)
        assert await work.registry.accounts() == [replace(account, secrets={"api_secret": "newer"})]
        assert await work.registry.shops() == [StoredShop(later, {"callback": "x"})]
        assert [one.id for one in await work.registry.keys()] == ["k1", "k2"]
        assert await work.registry.revoke_key("k1", after(seconds=1))
        assert not await work.registry.revoke_key("k1", after(seconds=2))
        assert not await work.registry.revoke_key("nobody", T0)
        assert (await work.registry.keys())[0] == replace(key, revoked_at=after(seconds=1))


async def test_facts_of_the_installation_are_kept_by_name(store: Store) -> None:
    async with store.work() as work:
        await work.registry.set_entry("pepper", "one")
        await work.registry.set_entry("pepper", "zwei ż")
        await work.registry.set_entry("", "")
        assert await work.registry.entries() == {"pepper": "zwei ż", "": ""}


# -- traces --------------------------------------------------------------------------------------------------------------


async def test_the_trace_of_an_event_tells_its_decision_its_commands_and_every_attempt(store: Store) -> None:
    (event,) = await stored(store, new_event("e1", warnings=("odd",)))
    async with store.work() as work:
        await work.inbox.settle([Settlement(event.seq, EventState.PLANNED, None, 1, open_commands=2)], after(seconds=1))
        await work.commit()
    await queued(store, a_command(1, seq=event.seq), a_command(1, seq=event.seq))
    (claim,) = await claimed(store)
    await recorded(store, attempted(claim, tried(claim.commands[0], call=a_call(detail="fine"))), at=after(seconds=2))
    async with store.work() as work:
        trace = await work.traces.of_event(SHOP, "e1")
        assert await work.traces.of_event("shop2", "e1") is None
    assert trace is not None
    assert (trace.state, trace.type, trace.warnings, trace.received_at, trace.decided_at) == (
        EventState.PLANNED,
        "subscription",
        ("odd",),
        T0,
        after(seconds=1),
    )
    assert [command.state for command in trace.commands] == ["sent", "waiting"]
    assert [(one.number, one.at, one.outcome, one.detail, one.path) for one in trace.commands[0].attempts] == [
        (1, after(seconds=2), "delivered", "fine", "/api/contact/upsert"),
    ]
    assert trace.commands[1].attempts == ()


async def test_a_persons_time_line_holds_everything_under_any_of_their_addresses(store: Store) -> None:
    (jan,) = await added(store, someone("new@example.pl"))
    events = await stored(
        store,
        new_event("e1", subscribed("old@example.pl")),
        new_event("e2", subscribed("new@example.pl")),
        new_event("e3", subscribed("ewa@example.pl")),
        new_event("e4", subscribed("new@example.pl"), shop="shop2"),
    )
    async with store.work() as work:
        await work.contacts.remember_address(Alias(SHOP, "old@example.pl", jan, T0))
        theirs = [event for event in events if event.event_id in ("e1", "e2")]
        await work.inbox.settle([Settlement(one.seq, EventState.WITHHELD, Reason.NO_CONSENT, jan) for one in theirs], T0)
        for email in ("old@example.pl", "new@example.pl"):
            assert [trace.event_id for trace in await work.traces.of_person(SHOP, email)] == ["e1", "e2"]
        assert await work.traces.of_person(SHOP, "nobody@example.pl") == []
        assert await work.traces.of_order(SHOP, "o1") == []
        assert await work.traces.access_request_of(SHOP, "e1") is None


# -- the unit of work ----------------------------------------------------------------------------------------------------


async def test_leaving_without_a_commit_undoes_everything(store: Store) -> None:
    async with store.work() as work:
        await work.inbox.add([new_event("e1")], T0)
        await work.contacts.add([(SHOP, someone(), None)], T0)
        await work.outbox.queue([a_command(1)], T0)
    with pytest.raises(RuntimeError, match="halfway"):
        await fail_halfway(store)
    async with store.work() as work:
        assert await work.inbox.counts() == {}
        assert await work.outbox.waiting(ACCOUNT, [1]) == {}
    assert await known(store, "jan@example.pl") == []


async def fail_halfway(store: Store) -> None:
    async with store.work() as work:
        await work.inbox.add([new_event("e1")], T0)
        raise RuntimeError("halfway")
