"""The first transfer as a machine: from which box to which, and a report that is never kinder than the truth (R60, R63)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import Delivered
from app.domain.reasons import Reason
from app.domain.runs.backfill import (
    ACCOUNTS_PER_PAGE,
    CHECK_AGAIN,
    LIGHTER,
    MARGIN,
    OVERLOAD_REST,
    SAMPLES,
    SWEEPS,
    Backfill,
    BackfillMode,
    ListedAccount,
    Listing,
    Pause,
    Phase,
    after_check,
    after_page,
    approved,
    begun,
    cancelled,
    eta,
    own_reason,
    paused,
    resting,
    resumed,
    state_of,
)
from app.domain.runs.backfill_tally import QUEUED, WOULD_SEND, Ended, Tally, tallied
from app.domain.shops.shop import BackfillSettings, Hours
from tests.support.builders import a_customer, a_shop, at

BEGAN = at("2026-11-23T09:00")
NOW = at("2026-11-23T12:00")  # one in the afternoon in Warsaw: by day 600 an hour, so a page of 100 takes ten minutes
SHOP = a_shop(backfill=BackfillSettings(canary=25))
TEN_MINUTES = timedelta(minutes=10)
RUNNING = [Phase.CANARY, Phase.WATCHING, Phase.TRANSFER, Phase.CLOSING, Phase.SETTLING]


def a_run(phase: Phase = Phase.TRANSFER, **says: object) -> Backfill:
    plain = Backfill(shop_id="shop1", mode=BackfillMode.RUN, phase=phase, token="t0ken", started_at=BEGAN, due_at=BEGAN, id=7)
    return replace(plain, **says)  # type: ignore[arg-type]


def an_account(number: int = 1, **says: object) -> ListedAccount:
    plain = ListedAccount(id=number, customer=a_customer(id=str(number)), active_in=frozenset({1}), content="0123456789abcdef")
    return replace(plain, **says)  # type: ignore[arg-type]


def a_page(rows: int = ACCOUNTS_PER_PAGE, total: int = 250, pages: int | None = None) -> Listing:
    answer = Answer(Delivered(), Call("clients/clients", NOW, 1, "delivered", "", 1))
    pages = -(-total // ACCOUNTS_PER_PAGE) if pages is None else pages
    return Listing(answer, tuple(an_account(number) for number in range(rows)), total, pages)


def turned(run: Backfill, listing: Listing, fresh: int | None = None, queued: int = 0) -> Backfill:
    return after_page(run, listing, len(listing.accounts) if fresh is None else fresh, queued, SHOP, NOW)


NO_TALLY = Tally()
DONE = Tally(found=3, sent=2, withheld={"no_account": 1})
WAITING = Tally(found=3, sent=2, waiting=1)
FAILED = Tally(found=3, sent=2, failed=1)

# -- how it begins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "by_a_person", "automatic", "phase"),
    [
        (BackfillMode.DRY_RUN, True, True, Phase.COUNTING),
        (BackfillMode.DRY_RUN, True, False, Phase.COUNTING),
        (BackfillMode.RUN, True, True, Phase.CANARY),
        (BackfillMode.RUN, True, False, Phase.CANARY),
        (BackfillMode.RUN, False, True, Phase.CANARY),
        (BackfillMode.RUN, False, False, Phase.COUNTING),
    ],
)
def test_who_starts_it_decides_whether_it_counts_first(
    mode: BackfillMode, by_a_person: bool, automatic: bool, phase: Phase
) -> None:
    shop = a_shop(backfill=BackfillSettings(automatic=automatic))
    run = begun(shop, mode, "t0ken", NOW, by_a_person=by_a_person)
    assert (run.phase, run.mode, run.started_at, run.due_at, run.token) == (phase, mode, NOW, NOW, "t0ken")
    assert run.is_moving
    assert (run.page, run.sweep, run.found, run.canaries, run.report) == (0, 1, 0, 0, None)


# -- whose account it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        pytest.param(an_account(), None, id="ours"),
        pytest.param(an_account(active_in=frozenset({1, 2})), None, id="ours and another shop's"),
        pytest.param(an_account(active_in=frozenset({2})), Reason.ACCOUNT_ELSEWHERE, id="another shop's"),
        pytest.param(an_account(active_in=frozenset()), Reason.ACCOUNT_ELSEWHERE, id="nobody's"),
        pytest.param(an_account(is_guest=True), Reason.NO_ACCOUNT, id="a guest"),
        pytest.param(an_account(is_guest=True, active_in=frozenset({2})), Reason.NO_ACCOUNT, id="another shop's guest"),
        pytest.param(an_account(customer=None), Reason.ADDRESS_INVALID, id="without an address"),
        pytest.param(an_account(customer=None, active_in=frozenset({2})), Reason.ACCOUNT_ELSEWHERE, id="elsewhere without one"),
    ],
)
def test_guests_strangers_and_accounts_without_an_address_stay(account: ListedAccount, reason: Reason | None) -> None:
    assert own_reason(account, SHOP) is reason


def test_an_account_is_one_event_per_transfer_and_one_more_per_change_in_the_closing_pass() -> None:
    before, changed = an_account(4711, content="aaaaaaaabbbb"), an_account(4711, content="ccccccccdddd")
    run, closing = a_run(Phase.TRANSFER), a_run(Phase.CLOSING)
    assert run.event_id(before) == run.event_id(changed) == a_run(Phase.CANARY).event_id(before)
    assert closing.event_id(before) != run.event_id(before)
    assert closing.event_id(before) != closing.event_id(changed)
    assert run.event_id(before) != run.event_id(an_account(4712))
    assert run.event_id(before) != a_run(token="another").event_id(before)


def test_r61_the_id_of_an_accounts_event_is_the_one_that_an_earlier_version_gave_it() -> None:
    assert a_run(Phase.CLOSING, token="tok").event_id(an_account(4711)) == "backfill-tok-4711-01234567"
    assert a_run(Phase.TRANSFER, token="tok").event_id(an_account(4711)) == "backfill-tok-4711"


def test_r60_a_walk_through_the_pages_counts_who_was_new_and_who_had_changed() -> None:
    run = after_page(a_run(Phase.CLOSING, swept=10), a_page(), 2, 0, SHOP, NOW, changed=3)
    assert run.swept == 15


# -- page by page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.CANARY, Phase.TRANSFER, Phase.CLOSING])
def test_a_page_that_is_not_the_last_leads_to_the_next(phase: Phase) -> None:
    run = turned(a_run(phase, page=1, found=100, total=350, trouble="panel_overloaded"), a_page(total=350))
    assert (run.phase, run.page, run.found, run.trouble) == (phase, 2, 200, "")


@pytest.mark.parametrize(
    ("run", "phase"),
    [
        pytest.param(a_run(Phase.COUNTING, mode=BackfillMode.DRY_RUN), Phase.FINISHED, id="a dry run is over"),
        pytest.param(a_run(Phase.COUNTING), Phase.AWAITING_APPROVAL, id="a transfer that counted waits for a person"),
        pytest.param(a_run(Phase.CANARY), Phase.WATCHING, id="a canary is watched, even a small one"),
        pytest.param(a_run(Phase.TRANSFER), Phase.CLOSING, id="a transfer is closed"),
        pytest.param(a_run(Phase.CLOSING), Phase.SETTLING, id="after closing it waits for what is under way"),
    ],
)
@pytest.mark.parametrize("last", [a_page(50, 250), a_page(0, 250), a_page(0, 0)], ids=["the last page", "no rows", "207"])
def test_the_last_page_ends_a_phase_and_the_next_begins_at_the_first(run: Backfill, phase: Phase, last: Listing) -> None:
    before = replace(run, page=2 if last.accounts else 0, found=250 - len(last.accounts), total=last.total, sweep=SWEEPS)
    after = turned(before, last)
    assert (after.phase, after.page) == (phase, 0)
    assert after.finished_at == (NOW if phase is Phase.FINISHED else None)
    if phase in (Phase.CLOSING, Phase.WATCHING, Phase.AWAITING_APPROVAL, Phase.FINISHED):
        assert after.sweep == 1


@pytest.mark.parametrize(
    ("phase", "due"),
    [
        (Phase.COUNTING, NOW),  # sends nothing, so only the panel's own pace holds it back
        (Phase.CANARY, NOW + TEN_MINUTES),
        (Phase.TRANSFER, NOW + TEN_MINUTES),
        (Phase.CLOSING, NOW + TEN_MINUTES),
    ],
)
def test_the_next_page_waits_until_this_one_has_landed(phase: Phase, due: datetime) -> None:
    assert turned(a_run(phase, total=1000), a_page(total=1000)).due_at == due


def test_by_night_the_next_page_comes_sooner() -> None:
    night = at("2026-11-23T23:30")
    assert after_page(a_run(total=1000), a_page(total=1000), 100, 100, SHOP, night).due_at == night + timedelta(minutes=1)


# -- the canary ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flown", "queued", "phase", "canaries"),
    [
        (0, 24, Phase.CANARY, 24),
        (0, 25, Phase.WATCHING, 25),
        (24, 1, Phase.WATCHING, 25),
        (20, 4, Phase.CANARY, 24),
        (20, 0, Phase.CANARY, 20),
    ],
)
def test_the_canary_is_as_many_events_as_the_shop_says_however_many_pages_that_takes(
    flown: int, queued: int, phase: Phase, canaries: int
) -> None:
    run = turned(a_run(Phase.CANARY, canaries=flown), a_page(total=1000), queued=queued)
    assert (run.phase, run.canaries) == (phase, canaries)
    assert run.total == 1000
    if phase is Phase.WATCHING:
        assert run.due_at == NOW + CHECK_AGAIN


@pytest.mark.parametrize(
    ("phase", "tally", "expected", "pause"),
    [
        pytest.param(Phase.WATCHING, WAITING, Phase.WATCHING, None, id="canaries under way"),
        pytest.param(Phase.WATCHING, DONE, Phase.TRANSFER, None, id="none refused: the rest follows"),
        pytest.param(Phase.WATCHING, NO_TALLY, Phase.TRANSFER, None, id="no canary at all"),
        pytest.param(Phase.WATCHING, FAILED, Phase.WATCHING, Pause.CANARY_REFUSED, id="one refused: a person looks"),
        pytest.param(Phase.WATCHING, Tally(3, 1, {}, 1, 1), Phase.WATCHING, Pause.CANARY_REFUSED, id="one refused, one under way"),
        pytest.param(Phase.SETTLING, WAITING, Phase.SETTLING, None, id="something under way"),
        pytest.param(Phase.SETTLING, DONE, Phase.FINISHED, None, id="all ended"),
        pytest.param(Phase.SETTLING, FAILED, Phase.FINISHED, None, id="all ended, one badly"),
        pytest.param(Phase.CLOSING, WAITING, Phase.CLOSING, None, id="the closing pass is not over"),
    ],
)
def test_what_a_poll_of_those_with_queued_commands_leads_to(
    phase: Phase, tally: Tally, expected: Phase, pause: Pause | None
) -> None:
    run = after_check(a_run(phase, page=4), tally, NOW)
    assert (run.phase, run.paused) == (expected, pause)
    if expected is Phase.FINISHED:
        assert (run.report, run.finished_at) == (tally, NOW)
    elif expected is Phase.TRANSFER:
        assert (run.page, run.due_at) == (0, NOW)
    elif pause is None:
        assert run.due_at == NOW + CHECK_AGAIN


def test_after_a_refused_canary_nothing_moves_until_a_person_resumes_and_then_the_rest_follows() -> None:
    refused = after_check(a_run(Phase.WATCHING, page=3), FAILED, NOW)
    assert not refused.is_moving
    assert state_of(refused, FAILED) == "paused"
    gone_on = resumed(refused, NOW)
    assert (gone_on.phase, gone_on.page, gone_on.paused, gone_on.due_at) == (Phase.TRANSFER, 0, None, NOW)
    assert gone_on.is_moving


@pytest.mark.parametrize(
    ("run", "waits"),
    [
        pytest.param(a_run(Phase.AWAITING_APPROVAL), True, id="nobody has approved it"),
        pytest.param(a_run(Phase.TRANSFER, paused=Pause.BY_A_PERSON), True, id="somebody paused it"),
        pytest.param(a_run(Phase.WATCHING, paused=Pause.CANARY_REFUSED), True, id="its first accounts were refused"),
        pytest.param(a_run(Phase.TRANSFER), False, id="it goes on by itself"),
        pytest.param(a_run(Phase.SETTLING, cancelled=True, paused=Pause.BY_A_PERSON), False, id="it is being cancelled"),
        pytest.param(a_run(Phase.FINISHED), False, id="it is over"),
    ],
)
def test_a_transfer_waits_for_a_person_until_somebody_approves_or_resumes_it(run: Backfill, waits: bool) -> None:
    assert run.waits_for_a_person is waits


# -- the panel has no cursor ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sweep", "swept", "fresh", "again"),
    [
        pytest.param(1, 200, 50, True, id="the first walk"),
        pytest.param(2, 0, 1, True, id="somebody new on the last page of the second"),
        pytest.param(2, 1, 0, True, id="somebody new before its last page"),
        pytest.param(2, 0, 0, False, id="nobody new in the second"),
        pytest.param(1, 0, 0, False, id="nobody new in the first: the canary met them all"),
        pytest.param(SWEEPS, 200, 50, False, id="three walks at most"),
    ],
)
@pytest.mark.parametrize("last", [a_page(50, 250), a_page(0, 250), a_page(0, 0)], ids=["the last page", "no rows", "207"])
def test_the_pages_are_walked_again_until_a_walk_finds_nobody_new(
    last: Listing, sweep: int, swept: int, fresh: int, again: bool
) -> None:
    """Rows may have moved between pages while others vanished or came, and no count shows that."""
    run = turned(a_run(page=2, sweep=sweep, swept=swept, found=250, total=250), last, fresh=fresh)
    if again:
        assert (run.phase, run.page, run.sweep, run.swept) == (Phase.TRANSFER, 0, sweep + 1, 0)
    else:
        assert (run.phase, run.page, run.sweep, run.swept) == (Phase.CLOSING, 0, 1, 0)


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.CANARY])
def test_what_only_counts_or_tries_is_walked_once(phase: Phase) -> None:
    assert turned(a_run(phase, page=2, swept=200, found=200, total=250), a_page(50, 250)).phase is not phase


@pytest.mark.parametrize(("new_in_each_walk", "walks"), [(0, 2), (1, SWEEPS)])
def test_the_walks_end_whatever_the_panel_shows_and_counts(new_in_each_walk: int, walks: int) -> None:
    run, pages = a_run(), 0
    while run.phase is Phase.TRANSFER:
        rows = 100 if run.page < 2 else 49  # one fewer than it counts
        run = turned(run, a_page(rows, 250), fresh=rows if run.sweep == 1 else new_in_each_walk * (run.page == 1))
        pages += 1
        assert pages <= 3 * SWEEPS
    assert (run.phase, pages) == (Phase.CLOSING, 3 * walks)


@pytest.mark.parametrize(
    ("fresh", "minutes"),
    [
        pytest.param(100, 10, id="all new"),
        pytest.param(50, 5, id="half of them"),
        pytest.param(10, 1, id="as heavy as reading it"),
        pytest.param(3, 1, id="hardly anybody"),
        pytest.param(0, 1, id="nobody"),
    ],
)
@pytest.mark.parametrize("phase", [Phase.TRANSFER, Phase.CLOSING])
def test_a_page_with_nobody_new_weighs_a_tenth_of_one_that_is_sent(phase: Phase, fresh: int, minutes: int) -> None:
    run = turned(a_run(phase, total=1000), a_page(total=1000), fresh=fresh)
    assert run.due_at == NOW + timedelta(minutes=minutes)


def test_the_closing_pass_begins_two_hours_before_the_start() -> None:
    assert a_run().closing_since == BEGAN - MARGIN == BEGAN - timedelta(hours=2)


def test_the_closing_pass_ends_with_its_own_pages_and_not_with_those_of_the_transfer() -> None:
    run = turned(a_run(Phase.CLOSING, page=0, total=5000, found=5000), a_page(3, total=3), fresh=0)
    assert (run.phase, run.total) == (Phase.SETTLING, 5000)


# -- what a person may do ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.COUNTING, *RUNNING])
def test_a_pause_holds_it_where_it_is_and_resuming_goes_on_there(phase: Phase) -> None:
    run = a_run(phase, page=4, sweep=2, found=321, total=999, canaries=3)
    held = paused(run)
    assert (held.is_moving, held.paused) == (False, Pause.BY_A_PERSON)
    assert resumed(held, NOW) == replace(run, due_at=NOW)


def test_the_first_reason_of_a_pause_stays() -> None:
    assert paused(a_run(paused=Pause.CANARY_REFUSED)).paused is Pause.CANARY_REFUSED
    assert paused(a_run(), Pause.POLICY_CHANGED).paused is Pause.POLICY_CHANGED


def test_what_was_paused_by_a_person_while_the_canary_is_watched_goes_on_watching() -> None:
    assert resumed(paused(a_run(Phase.WATCHING)), NOW).phase is Phase.WATCHING


def test_a_rest_is_the_same_page_later() -> None:
    run = a_run(page=4, found=400)
    assert resting(run, "panel_overloaded", NOW) == replace(run, trouble="panel_overloaded", due_at=NOW)


def test_an_approved_transfer_begins_anew_and_keeps_what_the_dry_run_counted() -> None:
    waits = a_run(Phase.AWAITING_APPROVAL, page=3, sweep=3, swept=9, found=250, total=250, preview=DONE)
    run = approved(waits, NOW)
    assert (run.phase, run.page, run.sweep, run.swept, run.found, run.total, run.canaries) == (Phase.CANARY, 0, 1, 0, 0, 0, 0)
    assert (run.started_at, run.due_at, run.preview) == (NOW, NOW, DONE)


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.AWAITING_APPROVAL])
def test_a_transfer_cancelled_before_it_sent_anything_is_over_at_once(phase: Phase) -> None:
    run = cancelled(a_run(phase), NOW)
    assert (run.is_over, run.finished_at, state_of(run, NO_TALLY)) == (True, NOW, "cancelled")


@pytest.mark.parametrize("phase", RUNNING)
@pytest.mark.parametrize("pause", [None, Pause.BY_A_PERSON, Pause.CANARY_REFUSED])
def test_a_cancelled_transfer_queues_nobody_more_and_waits_for_what_is_queued(phase: Phase, pause: Pause | None) -> None:
    run = cancelled(a_run(phase, paused=pause), NOW)
    assert (run.lists_accounts, run.is_moving, run.finished_at, run.due_at) == (False, True, None, NOW)
    assert state_of(run, WAITING) == "cancelling"
    still = after_check(run, WAITING, NOW)
    assert state_of(still, WAITING) == "cancelling"
    over = after_check(still, DONE, NOW)
    assert (over.is_over, over.report, state_of(over, DONE)) == (True, DONE, "cancelled")


@pytest.mark.parametrize(
    ("phase", "lists", "moves"),
    [
        (Phase.COUNTING, True, True),
        (Phase.AWAITING_APPROVAL, False, False),
        (Phase.CANARY, True, True),
        (Phase.WATCHING, False, True),
        (Phase.TRANSFER, True, True),
        (Phase.CLOSING, True, True),
        (Phase.SETTLING, False, True),
        (Phase.FINISHED, False, False),
    ],
)
def test_which_phases_list_accounts_and_which_move_by_themselves(phase: Phase, lists: bool, moves: bool) -> None:
    assert (a_run(phase).lists_accounts, a_run(phase).is_moving) == (lists, moves)
    assert not a_run(phase, paused=Pause.BY_A_PERSON).is_moving


# -- the report ----------------------------------------------------------------------------------------------------------

SENT: Ended = ("sent", "")
PARKED: Ended = ("parked", "refused")


def withheld(reason: str) -> Ended:
    return ("withheld", reason)


@pytest.mark.parametrize(
    ("note", "first", "again", "end"),
    [
        pytest.param("no_account", None, None, "no_account", id="never an event"),
        pytest.param(WOULD_SEND, None, None, "sent", id="of a dry run"),
        pytest.param(QUEUED, None, None, "waiting", id="not in the inbox yet"),
        pytest.param(QUEUED, ("received", ""), None, "waiting", id="received"),
        pytest.param(QUEUED, ("planned", ""), None, "waiting", id="planned"),
        pytest.param(QUEUED, ("held", "shop_disabled"), None, "waiting", id="held"),
        pytest.param(QUEUED, SENT, None, "sent", id="sent"),
        pytest.param(QUEUED, withheld("erased"), None, "erased", id="withheld"),
        pytest.param(QUEUED, ("superseded", "nothing_new"), None, "nothing_new", id="superseded"),
        pytest.param(QUEUED, PARKED, None, "failed", id="parked"),
        # The closing pass brought a second event of the same account: one account, one end.
        pytest.param(QUEUED, SENT, ("received", ""), "waiting", id="sent, and changed since"),
        pytest.param(QUEUED, SENT, SENT, "sent", id="both sent"),
        pytest.param(QUEUED, SENT, ("superseded", "nothing_new"), "sent", id="sent, and nothing new since"),
        pytest.param(QUEUED, withheld("shared_address"), SENT, "sent", id="withheld at first"),
        pytest.param(QUEUED, SENT, withheld("erased"), "sent", id="sent before the erasure"),
        pytest.param(QUEUED, SENT, PARKED, "failed", id="the change was refused"),
        pytest.param(QUEUED, PARKED, SENT, "failed", id="the first was refused"),
        pytest.param(QUEUED, PARKED, ("planned", ""), "waiting", id="refused, and the change is under way"),
        pytest.param(QUEUED, withheld("erased"), withheld("erased"), "erased", id="withheld twice"),
        pytest.param(QUEUED, None, SENT, "sent", id="ours only since the closing pass"),
        pytest.param(QUEUED, None, ("received", ""), "waiting", id="ours only since the closing pass, under way"),
        pytest.param(QUEUED, None, withheld("blocked_address"), "blocked_address", id="ours only since, and withheld"),
        pytest.param(QUEUED, None, PARKED, "failed", id="ours only since, and refused"),
    ],
)
def test_what_became_of_an_account(note: str, first: Ended, again: Ended, end: str) -> None:
    tally = tallied([(note, first, again, 3)])
    parts = {"sent": tally.sent, "failed": tally.failed, "waiting": tally.waiting, **tally.withheld}
    assert {name: number for name, number in parts.items() if number} == {end: 3}
    assert tally.found == 3
    assert tally.adds_up is (end != "waiting")


def test_the_parts_of_a_report_add_up_to_the_accounts_found() -> None:
    groups: Iterable[tuple[str, Ended, Ended, int]] = [
        (QUEUED, SENT, None, 40),
        (QUEUED, SENT, SENT, 2),
        (QUEUED, PARKED, None, 3),
        ("no_account", None, None, 10),
        (QUEUED, withheld("erased"), None, 1),
        (QUEUED, withheld("no_account"), None, 5),
        (QUEUED, ("planned", ""), None, 7),
    ]
    tally = tallied(groups)
    assert tally == Tally(found=68, sent=42, withheld={"erased": 1, "no_account": 15}, failed=3, waiting=7)
    assert not tally.adds_up
    assert replace(tally, waiting=0, found=61).adds_up


def test_nobody_found_is_nothing_and_adds_up() -> None:
    assert tallied([]) == Tally()
    assert Tally().adds_up


@pytest.mark.parametrize(
    "tally",
    [
        Tally(found=10, sent=9),
        Tally(found=10, sent=9, withheld={"erased": 2}),
        Tally(found=10, sent=10, waiting=1),
        Tally(found=11, sent=10, waiting=1),
        Tally(found=0, sent=1),
        Tally(found=10, sent=8, failed=1),
    ],
)
def test_complete_is_never_said_of_a_sum_that_is_not_right(tally: Tally) -> None:
    over = a_run(Phase.FINISHED, report=tally)
    assert not tally.adds_up
    assert state_of(over, tally) == "incomplete"


@pytest.mark.parametrize(
    ("run", "tally", "word"),
    [
        (a_run(Phase.FINISHED), DONE, "complete"),
        (a_run(Phase.FINISHED), NO_TALLY, "complete"),
        (a_run(Phase.FINISHED), FAILED, "complete_with_failures"),
        (a_run(Phase.FINISHED, mode=BackfillMode.DRY_RUN), DONE, "counted"),
        (a_run(Phase.FINISHED, cancelled=True), DONE, "cancelled"),
        (a_run(Phase.TRANSFER, paused=Pause.BY_A_PERSON), DONE, "paused"),
        *[(a_run(phase), DONE, phase.value) for phase in Phase if phase is not Phase.FINISHED],
    ],
)
def test_the_word_for_people_is_that_of_the_truth(run: Backfill, tally: Tally, word: str) -> None:
    assert state_of(run, tally) == word


# -- when it will have landed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", RUNNING)
def test_the_eta_is_the_finish_time_of_all_that_are_left(phase: Phase) -> None:
    run = a_run(phase, found=400, total=1000, due_at=NOW)
    assert eta(run, SHOP, NOW) == NOW + timedelta(hours=1)


def test_a_page_that_is_due_later_moves_the_eta_and_one_that_is_late_does_not() -> None:
    run = a_run(found=400, total=1000)
    assert eta(replace(run, due_at=NOW + TEN_MINUTES), SHOP, NOW) == NOW + TEN_MINUTES + timedelta(hours=1)
    assert eta(replace(run, due_at=NOW - TEN_MINUTES), SHOP, NOW) == NOW + timedelta(hours=1)


def test_the_eta_knows_the_shops_rates_and_its_night() -> None:
    shop = a_shop(
        backfill=BackfillSettings(day=Hours(contacts_per_hour=100, start="07:00", end="22:00"), night=Hours(contacts_per_hour=1000))
    )
    evening = at("2026-11-23T20:00")  # 21:00 in Warsaw
    run = a_run(found=0, total=1100, due_at=evening)
    assert eta(run, shop, evening) == evening + timedelta(hours=2)


def test_of_more_found_than_counted_none_are_left() -> None:
    assert eta(a_run(found=1001, total=1000, due_at=NOW), SHOP, NOW) == NOW


@pytest.mark.parametrize(
    "run",
    [
        a_run(Phase.COUNTING, total=1000),
        a_run(Phase.AWAITING_APPROVAL, total=1000),
        a_run(Phase.FINISHED, total=1000),
        a_run(Phase.CANARY, total=0),
    ],
    ids=lambda run: run.phase.value,
)
def test_nobody_says_when_it_lands_before_that_can_be_known_or_after_it_did(run: Backfill) -> None:
    assert eta(run, SHOP, NOW) is None


# -- a whole walk over a panel that changes underneath -------------------------------------------------------------------


def walked(changes: dict[int, tuple[set[int], int]], accounts: int = 450) -> SimpleNamespace:
    """Walk a panel that lists by number. `changes`: after so many pages these accounts vanish and so many new ones register."""
    listed, run, seen, pages = list(range(accounts)), a_run(), set[int](), 0
    while run.phase is Phase.TRANSFER:
        part = listed[run.page * 100 : run.page * 100 + 100]
        answer = a_page(0).answer
        rows = tuple(an_account(number) for number in part)
        run = after_page(run, Listing(answer, rows, len(listed), -(-len(listed) // 100)), len({*part} - seen), 0, SHOP, NOW)
        seen |= {*part}
        pages += 1
        assert pages < 60, "it walks in circles"
        gone, new = changes.get(pages, (set(), 0))
        listed = [number for number in listed if number not in gone] + [1000 * pages + number for number in range(new)]
    return SimpleNamespace(missed={*listed} - seen, pages=pages)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="nothing"),
        pytest.param({1: ({0}, 0)}, id="one row of the first page"),
        pytest.param({4: (set(range(60)), 0)}, id="so many that the last page is gone"),
        pytest.param({1: (set(range(90)), 0), 3: (set(range(150, 160)), 0)}, id="twice"),
        pytest.param({2: (set(range(150)), 0)}, id="more than a page"),
        pytest.param({2: (set(), 120)}, id="new ones"),
        pytest.param({1: ({5}, 1)}, id="one goes and one comes"),
        pytest.param({3: (set(range(200, 230)), 10)}, id="more go than come"),
        pytest.param({2: (set(range(10)), 40)}, id="more come than go"),
    ],
)
def test_whatever_vanishes_or_comes_between_two_pages_nobody_who_stays_is_missed(changes: dict[int, tuple[set[int], int]]) -> None:
    assert walked(changes).missed == set()


def test_a_transfer_begins_with_nothing_and_its_numbers_are_those_of_the_design() -> None:
    run = begun(SHOP, BackfillMode.DRY_RUN, "t", BEGAN, by_a_person=False)
    assert (run.id, run.version, run.page, run.sweep, run.swept, run.total, run.found, run.canaries) == (0, 0, 0, 1, 0, 0, 0, 0)
    assert not run.cancelled
    assert (Tally(), Listing(run.report)) == (Tally(0, 0, {}, 0, 0), Listing(run.report, (), 0, 0))  # type: ignore[arg-type]
    assert not ListedAccount(id=1, customer=None).is_guest
    assert (ACCOUNTS_PER_PAGE, SWEEPS, LIGHTER, SAMPLES) == (100, 3, 10, 3)
    assert (timedelta(hours=2), timedelta(minutes=5), timedelta(seconds=2)) == (MARGIN, OVERLOAD_REST, CHECK_AGAIN)
