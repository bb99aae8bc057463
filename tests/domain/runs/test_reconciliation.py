"""One person on both sides: each cause exactly when it should, and what a repair makes of it (R26, A8)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import MirrorTags, UpsertContact
from app.domain.consent import Policy, Status, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import reset_to_remote
from app.domain.decisions.changes.shop_changes import panel_tags
from app.domain.decisions.decide import decide
from app.domain.decisions.observations.tags import saw_tags
from app.domain.decisions.plan import Send, Supersede
from app.domain.delivery.verify import RemoteContact
from app.domain.events import DriftFound, Event
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState, TakenOff
from app.domain.reasons import Reason
from app.domain.runs.reconciliation import (
    NIGHTLY,
    SAMPLES,
    WORDS,
    Cause,
    Comparison,
    Phase,
    Reconciliation,
    ReconciliationMode,
    chosen,
    compared,
    finished,
    last_over,
    noted,
)
from app.domain.shops.shop import Panel, PanelKind, Shop
from app.domain.tags import canonical
from tests.support.builders import (
    EMAIL,
    NOON,
    a_careful_shop,
    a_shop,
    account_changed,
    an_order,
    at,
    commands_of,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    somebody,
    subscribed,
    tags_edited,
    tags_seen,
    the_upsert,
    unsubscribed,
)

OPEN = a_shop()
TAGGED = a_shop(panel=Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example"))
LATER = at("2026-11-23T18:00")
DURING = at(NOON) + timedelta(hours=3)


def lived(*events: Event, shop: Shop = OPEN) -> Contact:
    """Who is left after events, with everything told."""
    return life(shop, *events).contact


def shown(contact: Contact, **differs: object) -> RemoteContact:
    """SALESmanago holding exactly what it was told."""
    present = {name.upper(): 1 for name, here in contact.sent_state.tags.items() if here}
    return RemoteContact(contact.email, **{"tags": present, **differs})


def causes(contact: Contact, there: RemoteContact | None, former: RemoteContact | None = None, shop: Shop = OPEN) -> set[Cause]:
    found = compared(contact, shop, there, former, LATER)
    assert len(found.causes) == len(set(found.causes))
    return set(found.causes)


JAN = lived(registered(wholesaler=True), subscribed(), tags_edited(NOON, all_tags=("vip",)))


def test_a_contact_shown_as_sent_in_whatever_spelling_has_no_cause_and_no_drift() -> None:
    assert {"rejestracja", "wholesaler", "newsletter", "idosell_vip"} <= set(JAN.sent_state.tags)
    assert compared(JAN, OPEN, shown(JAN), None, LATER) == Comparison()
    lowered = {tag.lower(): 9 for tag in shown(JAN).tags}
    assert compared(JAN, OPEN, shown(JAN, tags=lowered), None, LATER) == Comparison()


@pytest.mark.parametrize("gone", ["REJESTRACJA", "WHOLESALER", "NEWSLETTER", "IDOSELL_VIP"])
def test_a_tag_sent_and_gone_is_missing_and_only_tags_of_our_own_are_put_back_by_the_comparison(gone: str) -> None:
    left = {tag: 1 for tag in shown(JAN).tags if tag != gone}
    found = compared(JAN, OPEN, shown(JAN, tags=left), None, LATER)
    assert found.causes == (Cause.OUR_TAG_MISSING,)
    if gone == "IDOSELL_VIP":
        assert found.drift is None  # the shop's tag_conflicts decides
    else:
        assert found.drift == DriftFound(at=LATER, email=EMAIL, known_as=EMAIL, missing=(gone.lower(),))


def test_a_tag_sent_as_removed_that_stands_there_is_left() -> None:
    contact = lived(registered(), tags_edited(DURING, added=("vip",)), tags_edited(LATER, removed=("vip",)))
    found = compared(contact, OPEN, shown(contact, tags={**shown(contact).tags, "IDOSELL_VIP": 1}), None, LATER)
    assert (found.causes, found.drift) == (
        (Cause.OUR_TAG_LEFT,),
        DriftFound(at=LATER, email=EMAIL, known_as=EMAIL, left=("idosell_vip",)),
    )


@pytest.mark.parametrize("tag", ["KOSZYK", "IDOSELL_NIGDY", "SEKCJA"])
def test_tags_we_never_spoke_of_are_nobodys_business(tag: str) -> None:
    assert causes(JAN, shown(JAN, tags={**shown(JAN).tags, tag: 1})) == set()


@pytest.mark.parametrize(
    ("events", "out", "differs"),
    [
        ((registered(), subscribed(LATER)), True, True),
        ((registered(), subscribed(LATER)), False, False),
        ((registered(), subscribed(LATER)), None, False),
        ((registered(), unsubscribed(LATER)), False, True),
        ((registered(), unsubscribed(LATER)), True, False),
        ((registered(),), True, False),
        ((registered(),), False, False),
    ],
)
@pytest.mark.parametrize("channel", ["email", "phone"])
def test_a_status_differs_exactly_if_it_was_sent_and_another_one_is_shown(
    channel: str, events: tuple[Event, ...], out: bool | None, differs: bool
) -> None:
    by_sms = channel == "phone"
    acts = [replace(one, by_email=not by_sms, by_sms=by_sms) if hasattr(one, "by_sms") else one for one in events]
    contact = lived(*acts)
    there = shown(contact, **{"opted_out_phone" if by_sms else "opted_out": out})
    found = compared(contact, OPEN, there, None, LATER)
    assert (Cause.STATUS_DIFFERS in found.causes) is differs
    assert found.drift is None


def test_points_differ_only_where_the_shop_has_a_place_for_them() -> None:
    assert causes(JAN, shown(JAN), shop=OPEN) == set()
    assert causes(JAN, shown(JAN), shop=TAGGED) == {Cause.POINTS_DIFFER}  # nobody told the panel yet
    told = panel_tags(saw_tags(tags_seen(LATER, dict(shown(JAN).tags)), JAN, TAGGED))
    mirrored = replace(JAN, shop_state=replace(JAN.shop_state, tags=told))
    assert causes(mirrored, shown(JAN), shop=TAGGED) == set()
    assert causes(mirrored, shown(JAN, tags={**shown(JAN).tags, "KOSZYK": 7}), shop=TAGGED) == {Cause.POINTS_DIFFER}


def test_r30_a_section_that_salesmanago_lost_is_no_tag_of_ours_that_is_missing() -> None:
    buyer = lived(registered(), an_order(categories=["Buty"]))
    assert "buty" in buyer.sent_state.tags
    assert causes(buyer, shown(buyer, tags={tag: 1 for tag in shown(buyer).tags if canonical(tag) != "buty"})) == set()


def test_of_a_shops_comparisons_the_newest_that_is_over_says_what_is_known() -> None:
    assert last_over([]) is None
    newer, older = finished(RUN, LATER), finished(RUN, at(NOON))
    assert last_over([RUN]) is None
    assert last_over([RUN, newer, older]) is newer


def test_r27_a_tag_whose_letters_salesmanago_did_not_keep_is_neither_missing_nor_left() -> None:
    """`куртки` was taken off; what stands there is `взуття`, of as many letters."""
    contact = lived(
        registered(), tags_edited(NOON, added=("Взуття", "Куртки")), tags_edited(at(NOON) + timedelta(hours=1), removed=("Куртки",))
    )
    there = RemoteContact(EMAIL, tags={"REJESTRACJA": 1, "IDOSELL_______": 1})
    assert compared(contact, OPEN, there, None, LATER) == Comparison()
    assert causes(contact, RemoteContact(EMAIL, tags={"REJESTRACJA": 1})) == {Cause.OUR_TAG_MISSING}
    both = RemoteContact(EMAIL, tags={"REJESTRACJA": 1, "IDOSELL_ВЗУТТЯ": 1, "IDOSELL_КУРТКИ": 1})
    drift = compared(contact, OPEN, both, None, LATER).drift
    assert drift is not None
    assert (drift.missing, drift.left) == ((), ("idosell_куртки",))


def test_missing_there_is_the_only_cause_of_who_is_nowhere() -> None:
    found = compared(JAN, TAGGED, None, None, LATER)
    assert found == Comparison((Cause.MISSING_THERE,), DriftFound(at=LATER, email=EMAIL))


def test_who_stands_under_a_former_address_is_renamed_and_keeps_what_stands_there() -> None:
    contact = lived(registered(), account_changed(LATER, email="new@example.com", previous_email=EMAIL))
    former = replace(shown(contact), email="old@example.com")
    found = compared(contact, TAGGED, None, former, LATER)
    assert found.causes == (Cause.RENAME_NOT_TAKEN,)
    (told,) = commands_of(decide(found.drift, OPEN, contact).plan)
    assert told == UpsertContact(email="old@example.com", new_email=contact.email, quiet=True)


@pytest.mark.parametrize("act", [consent_withdrawn, erasure_requested])
def test_who_may_not_be_there_is_missing_to_nobody(act: object) -> None:
    gone = lived(registered(), act(LATER))  # type: ignore[operator]
    assert compared(gone, OPEN, None, None, LATER) == Comparison()


def test_who_was_never_sent_is_compared_with_nothing() -> None:
    careful = a_careful_shop()
    stranger = lived(registered(), shop=careful)
    assert not stranger.is_transferred
    assert compared(stranger, careful, None, None, LATER) == Comparison()
    assert compared(stranger, careful, RemoteContact(EMAIL, {"REJESTRACJA": 1}, opted_out=True), None, LATER) == Comparison()


# -- believing and repairing ---------------------------------------------------------------------------------------------


def test_a_repair_of_who_is_gone_tells_all_but_the_newsletter_status() -> None:
    plan = decide(DriftFound(at=LATER, email=EMAIL), OPEN, JAN).plan
    told = the_upsert(plan)
    assert (told.email, told.introduces, told.quiet) == (EMAIL, True, True)
    assert (told.email_status, told.phone_status, told.agreements) == (None, None, ())
    assert {"rejestracja", "wholesaler", "newsletter", "idosell_vip"} == set(told.add_tags)
    assert told.profile["first_name"] == "Jan"


def test_a_repair_again_before_anything_changed_there_tells_it_again_and_without_need_nothing() -> None:
    drift = DriftFound(at=LATER, email=EMAIL, known_as=EMAIL, missing=("rejestracja",))
    decision = decide(drift, OPEN, JAN)
    assert isinstance(decision.plan, Send)
    assert decision.contact.sent_state == JAN.sent_state
    agreed = DriftFound(at=LATER, email=EMAIL, known_as=EMAIL)
    assert decide(agreed, OPEN, JAN).plan == Supersede(Reason.NOTHING_NEW)


def test_nobody_is_introduced_by_a_comparison() -> None:
    for drift in (DriftFound(at=LATER, email=EMAIL), DriftFound(at=LATER, email=EMAIL, known_as=EMAIL, missing=("rejestracja",))):
        decision = decide(drift, OPEN, somebody())
        assert (decision.plan, decision.contact) == (Supersede(Reason.NOTHING_NEW), somebody())


@pytest.mark.parametrize(
    ("contact", "shop", "reason"),
    [
        (lived(registered(), consent_withdrawn(LATER)), OPEN, Reason.CONSENT_WITHDRAWN),
        (lived(registered(), erasure_requested(LATER)), OPEN, Reason.ERASED),
        (JAN, a_shop(Policy.ORDER_CONSENT), Reason.NO_CONSENT),
        (JAN, a_shop(blocked_email_domains=("example.com",)), Reason.BLOCKED_ADDRESS),
    ],
)
def test_what_forbids_sending_forbids_a_repair(contact: Contact, shop: Shop, reason: Reason) -> None:
    plan = decide(DriftFound(at=LATER + timedelta(hours=1), email=EMAIL), shop, contact).plan
    assert not commands_of(plan)
    assert plan.reason is reason  # type: ignore[union-attr]


def test_in_the_shadow_what_is_learned_of_a_repair_is_nothing() -> None:
    decision = decide(DriftFound(at=LATER, email=EMAIL), OPEN, JAN)
    assert decision.learned == JAN


def test_a_tag_no_longer_wanted_is_not_put_back() -> None:
    resigned = lived(registered(), subscribed(), unsubscribed(LATER))
    drift = DriftFound(at=LATER, email=EMAIL, known_as=EMAIL, missing=("newsletter",))
    assert not any("newsletter" in one.add_tags for one in commands_of(decide(drift, OPEN, resigned).plan))


said = st.none() | st.builds(TimedStatus, st.sampled_from(Status), st.sampled_from([DURING, LATER]))
names = st.sampled_from(["rejestracja", "wholesaler", "newsletter", "idosell_vip", "obuwie"])
ours = st.lists(names, max_size=4, unique=True).map(tuple)
drifts = st.builds(
    DriftFound,
    at=st.just(LATER),
    email=st.just(EMAIL),
    known_as=st.none() | st.just(EMAIL) | st.just("old@x.pl"),
    missing=ours,
    left=ours,
)
tolds = st.builds(
    SentState,
    email=st.just(EMAIL),
    profile=st.just({}),
    tags=st.dictionaries(names, st.booleans()),
    email_news=said,
    phone_news=said,
)


@given(tolds, drifts, said, said)
def test_no_drift_makes_an_opt_in_out_of_what_was_sent_already(
    told: SentState, drift: DriftFound, email: TimedStatus | None, phone: TimedStatus | None
) -> None:
    """What was told of the newsletter stays told, so believing a comparison never opts anybody in."""
    contact = replace(JAN, sent_state=told)
    after = reset_to_remote(contact, drift)
    assert (after.sent_state.email_news, after.sent_state.phone_news) == (told.email_news, told.phone_news)
    assert replace(after, sent_state=told, observed=contact.observed) == contact
    before, then = difference(contact, OPEN, LATER), difference(after, OPEN, LATER)
    if then is not None:
        assert then.email_status in (None, before.email_status if before is not None else None)
        assert then.phone_status in (None, before.phone_status if before is not None else None)


@given(tolds, st.dictionaries(names.map(str.upper), st.integers(1, 9)), st.booleans() | st.none())
def test_what_a_repair_tells_makes_the_next_comparison_find_no_tag_of_ours(
    told: SentState, there: dict[str, int], out: bool | None
) -> None:
    """Fixpoint: after the repair has arrived a comparison finds nothing to put right, and no tag that stands is told again."""
    contact = replace(JAN, sent_state=replace(told, email_news=JAN.sent_state.email_news, phone_news=JAN.sent_state.phone_news))
    found = compared(contact, OPEN, RemoteContact(EMAIL, there, opted_out=out), None, LATER)
    if found.drift is None:
        return
    decision = decide(found.drift, OPEN, contact)
    present = dict(there)
    for one in commands_of(decision.plan):
        assert isinstance(one, UpsertContact)
        assert not {tag.upper() for tag in one.add_tags} & {name for name in present if told.tags.get(name.lower()) is True}
        present = {tag: 1 for tag in present if tag.lower() not in one.remove_tags} | {tag.upper(): 1 for tag in one.add_tags}
    again = compared(decision.contact, OPEN, RemoteContact(EMAIL, present, opted_out=out), None, LATER)
    stays = {"wholesaler", "rejestracja", "newsletter"} & set(found.drift.left)
    assert again.drift is None or set(again.drift.left) <= stays


# -- counting ------------------------------------------------------------------------------------------------------------

RUN = Reconciliation(
    shop_id="shop1", mode=ReconciliationMode.PREVIEW, token="t0", started_at=LATER, due_at=LATER, accounts_since=None
)


def test_counts_add_up_over_pages_and_samples_are_the_first_few() -> None:
    page = [(Cause.MISSING_THERE, f"c{number}") for number in range(4)] + [(Cause.ACCOUNT_UNKNOWN, "a1")]
    run = noted(noted(replace(RUN, trouble="down"), page, 7, 1), [(Cause.MISSING_THERE, f"c{number}") for number in range(4, 9)], 5)
    assert dict(run.causes) == {Cause.MISSING_THERE: 9, Cause.ACCOUNT_UNKNOWN: 1}
    assert run.samples[Cause.MISSING_THERE] == tuple(f"c{number}" for number in range(SAMPLES))
    assert (run.checked, run.busy, run.differences, run.trouble) == (12, 1, 10, "")
    assert dict(RUN.causes) == {}


def test_it_is_over_when_it_is_finished_and_never_before() -> None:
    assert not RUN.is_over
    assert not replace(RUN, phase=Phase.ACCOUNTS).is_over
    ended = finished(RUN, LATER)
    assert (ended.is_over, ended.finished_at) == (True, LATER)


def test_ids_of_two_runs_two_kinds_and_two_people_never_meet() -> None:
    ids = {
        replace(RUN, token=token).event_id(kind, number)
        for token in ("t0", "t1")
        for kind in ("contact", "account")
        for number in (1, 11)
    }
    assert len(ids) == 8


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_says_why_and_what_a_repair_does_in_both_languages(cause: Cause) -> None:
    words = WORDS[cause]
    texts = [words.why, words.repair, words.why_pl, words.repair_pl]
    assert all(text.endswith(".") for text in texts)
    assert len(set(texts)) == 4


# -- a choice of causes --------------------------------------------------------------------------------------------------

DRIFT = DriftFound(at=at(NOON), email=EMAIL, sent_digest="d", known_as=EMAIL, missing=("newsletter",), left=("idosell_vip",))
BOTH = Comparison((Cause.OUR_TAG_MISSING, Cause.OUR_TAG_LEFT), DRIFT)
GONE = Comparison((Cause.MISSING_THERE,), DriftFound(at=at(NOON), email=EMAIL, sent_digest="d"))
RENAMED = Comparison((Cause.RENAME_NOT_TAKEN, Cause.OUR_TAG_MISSING), replace(DRIFT, known_as="old@example.com", left=()))


@pytest.mark.parametrize(
    ("comparison", "repairs", "drift"),
    [
        (BOTH, set(Cause), DRIFT),
        (BOTH, {Cause.OUR_TAG_MISSING}, replace(DRIFT, left=())),
        (BOTH, {Cause.OUR_TAG_LEFT}, replace(DRIFT, missing=())),
        (BOTH, {Cause.POINTS_DIFFER}, None),
        (BOTH, set(), None),
        (GONE, {Cause.MISSING_THERE}, GONE.drift),
        (GONE, {Cause.OUR_TAG_MISSING}, None),
        (RENAMED, {Cause.RENAME_NOT_TAKEN}, replace(RENAMED.drift, missing=())),
        (RENAMED, {Cause.OUR_TAG_MISSING}, None),
        (Comparison((Cause.STATUS_DIFFERS,)), set(Cause), None),
    ],
)
def test_r26_a_repair_of_some_causes_takes_nothing_of_the_others(
    comparison: Comparison, repairs: set[Cause], drift: DriftFound | None
) -> None:
    assert chosen(comparison, repairs) == drift


@pytest.mark.parametrize(
    ("mode", "only", "left"),
    [
        (ReconciliationMode.PREVIEW, (), {"points_differ": 2, "our_tag_left": 1}),
        (ReconciliationMode.REPAIR, (), {}),
        (ReconciliationMode.REPAIR, (Cause.OUR_TAG_LEFT,), {"points_differ": 2}),
    ],
)
def test_what_a_comparison_leaves_is_what_it_does_not_repair(
    mode: ReconciliationMode, only: tuple[Cause, ...], left: dict[str, int]
) -> None:
    causes = {"points_differ": 2, "our_tag_left": 1}
    run = Reconciliation(
        shop_id="shop1", mode=mode, token="t", started_at=LATER, due_at=LATER, accounts_since=None, causes=causes, only=only
    )
    assert run.left == left


def test_a_comparison_begins_with_nothing_and_its_numbers_are_those_of_the_design() -> None:
    run = Reconciliation(
        shop_id="shop1", mode=ReconciliationMode.PREVIEW, token="t", started_at=at(NOON), due_at=at(NOON), accounts_since=None
    )
    assert (run.id, run.version, run.cursor, run.checked, run.busy, run.differences) == (0,) * 6
    assert (SAMPLES, timedelta(hours=20)) == (5, NIGHTLY)


@pytest.mark.parametrize(
    ("taken_off", "found"),
    [
        (TakenOff(LATER, left_off=True), {Cause.TAG_TAKEN_OFF}),
        (TakenOff(LATER, put_back_at=LATER), set()),
        (TakenOff(LATER, left_off=True, accepted=True), set()),
    ],
)
def test_r30_a_tag_that_staff_took_off_is_a_cause_of_its_own_and_is_written_again_only_if_that_is_chosen(
    taken_off: TakenOff, found: set[Cause]
) -> None:
    tags = {"rejestracja": 1, "koszyk": 3}
    known = lived(registered(), tags_seen(DURING, tags), shop=TAGGED)
    off = {"koszyk": taken_off}
    left_off = ("koszyk",) if taken_off.left_off else ()
    assert known.shop_state.tags is not None
    contact = replace(
        known, shop_state=replace(known.shop_state, taken_off=off, tags=replace(known.shop_state.tags, left_off=left_off))
    )
    there = shown(contact, tags=tags)
    comparison = compared(contact, TAGGED, there, None, LATER)
    assert set(comparison.causes) == found
    assert Cause.TAG_TAKEN_OFF not in compared(contact, replace(TAGGED, panel=Panel()), there, None, LATER).causes
    drift = chosen(comparison, {Cause.TAG_TAKEN_OFF})
    assert (drift.put_back if drift is not None else ()) == (("koszyk",) if found else ())
    assert chosen(comparison, {Cause.OUR_TAG_MISSING}) is None
    if drift is not None:
        plan = decide(drift, TAGGED, contact).plan
        assert [one.tags.left_off for one in commands_of(plan) if isinstance(one, MirrorTags)] == [()]
