"""Histories of newsletter acts: in two shops, by clicks, by staff, through outages, with callbacks that are lost (R06, R50-R57).

Hypothesis looks for the shortest history after which a promise of `chaos.acts` is broken. `ACTS_EXAMPLES=2000 pytest
tests/services/test_acts.py` looks longer. What it found stands below, by name.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.storage.engine.database import Database
from tests.support.worlds.acts import (
    CHANNELS,
    PEOPLE,
    SURROUNDINGS,
    InShop,
    Looks,
    Orders,
    Passes,
    Play,
    Step,
    There,
    Turns,
    played,
)

SEARCHES = "ACTS_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("ACTS_EXAMPLES", "8"))
ADA = PEOPLE[0]
WHO = st.sampled_from((ADA, ADA, ADA, PEOPLE[1]))
CHANNEL = st.sampled_from((CHANNELS[0], CHANNELS[0], CHANNELS[0], CHANNELS[1]))
SHOP = st.sampled_from(("shop1", "shop2"))
CALLBACKS = st.sampled_from(((0,), ()))
WEATHER = st.sampled_from(("fine", "fine", "down", "throttled", "done without answer", "lost without answer", "asleep"))
ACTS = st.one_of(
    st.builds(InShop, who=WHO, out=st.booleans(), shop=SHOP, channel=CHANNEL),
    st.builds(There, who=WHO, out=st.booleans(), channel=CHANNEL, callbacks=CALLBACKS),
)
STEPS = st.one_of(
    ACTS,
    ACTS,
    st.builds(Orders, who=WHO, shop=SHOP),
    st.builds(Passes, seconds=st.sampled_from((1, 5, 20, 40, 130, 700, 4000))),
    st.builds(Looks, how=st.sampled_from(("window", "sweep"))),
    st.builds(Turns, weather=WEATHER),
)
# The suite plays the same histories every time; a search plays new ones.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.timeout(300 + 5 * EXAMPLES)
def test_r06_after_any_history_of_acts_the_newest_counts_everywhere(migrated_file: Path, surroundings: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW, phases=PHASES, derandomize=not SEARCHES)
    @given(st.lists(STEPS, min_size=2, max_size=14))
    def play(steps: Sequence[Step]) -> None:
        assert played(migrated_file, surroundings, steps) == []

    play()


# -- what it found -------------------------------------------------------------------------------------------------------

DOWN, FINE = Turns("down"), Turns("fine")
TWO_SHOPS = [
    pytest.param([DOWN, InShop(ADA, True, "shop2"), InShop(ADA, False, "shop1"), FINE], id="both wait behind an outage"),
    pytest.param(
        [Turns("asleep"), InShop(ADA, True, "shop2"), InShop(ADA, False, "shop1"), FINE], id="both are decided in one round"
    ),
    pytest.param(
        [InShop(ADA, False), Turns("lost without answer"), InShop(ADA, True, "shop2"), InShop(ADA, False), FINE],
        id="both time out",
    ),
    pytest.param(
        [DOWN, InShop(ADA, True, "shop2"), InShop(ADA, False), InShop(ADA, True), FINE], id="and a third act resigns again"
    ),
]


@pytest.mark.parametrize("steps", TWO_SHOPS)
async def test_r06_an_opt_out_of_one_shop_that_waits_does_not_arrive_after_a_newer_opt_in_of_another(
    database: Database, steps: Sequence[Step]
) -> None:
    assert await Play(database, "account address").play(steps) == []


CLICK, SEEN = There(ADA, True, callbacks=()), Looks("sweep")
WAITED = [
    pytest.param([InShop(ADA, False), SEEN, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE], id="behind an outage"),
    pytest.param([InShop(ADA, False), SEEN, Turns("asleep"), InShop(ADA, False), CLICK, Passes(40), FINE], id="for a worker"),
    pytest.param([InShop(ADA, False), DOWN, InShop(ADA, False, "shop2"), CLICK, Passes(40), FINE], id="in another shop's queue"),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("lost without answer"), InShop(ADA, False), CLICK, Passes(40), FINE], id="after a time-out"
    ),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("done without answer"), InShop(ADA, False), CLICK, Passes(40), FINE],
        id="after a time-out of what was done",
    ),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("asleep"), InShop(ADA, True), InShop(ADA, False), CLICK, Passes(40), FINE],
        id="together with an opt-out that never left",
    ),
    pytest.param(
        [
            InShop(ADA, False, channel="phone"),
            SEEN,
            DOWN,
            InShop(ADA, False, channel="phone"),
            There(ADA, True, "phone", ()),
            Passes(40),
            FINE,
        ],
        id="for text messages",
    ),
]


@pytest.mark.parametrize("steps", WAITED)
async def test_r06_an_opt_in_that_waited_looks_first_and_a_resignation_found_so_counts_on_all_sides(
    database: Database, steps: Sequence[Step]
) -> None:
    assert await Play(database, "account address").play(steps) == []


@pytest.mark.parametrize("shop", ["shop1", "shop2"])
async def test_r06_an_opt_in_that_never_left_is_no_reason_to_take_a_look_for_a_resignation(database: Database, shop: str) -> None:
    """Found by the scenario `acts`: opted in, out and in again while nothing leaves; nobody was ever seen opted in there."""
    steps = [DOWN, InShop(ADA, False), InShop(ADA, True, shop), InShop(ADA, False, shop), Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_an_opt_in_without_an_answer_that_was_seen_looks_first_when_it_is_tried_again(database: Database) -> None:
    """Found by the scenario `acts`: it had arrived, a look showed it while it waited, and the retry overwrote a click."""
    steps = [Turns("done without answer"), InShop(ADA, False), Passes(1), Looks("sweep"), Turns("down"), CLICK, Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_an_opt_in_of_another_shop_that_follows_an_opt_out_is_not_taken_back_by_what_is_older(database: Database) -> None:
    """Found by the scenario `acts`: an opt-out of e-mails took back the newer opt-in to text messages told by another shop."""
    waiting = [DOWN, InShop(ADA, True, "shop2", "phone"), InShop(ADA, False, "shop1", "phone"), InShop(ADA, True, "shop2")]
    assert await Play(database, "account address").play([*waiting, Passes(5), FINE]) == []


async def test_r06_an_opt_in_that_waits_while_another_is_seen_looks_first(database: Database) -> None:
    """Found by the scenario `acts`: the opt-in of the other shop arrived and was seen, and this one left over a click."""
    both = [InShop(ADA, False, "shop1", "phone"), DOWN, InShop(ADA, False, "shop2", "phone"), FINE, Looks("sweep")]
    steps = [*both, There(ADA, True, "phone", ()), Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_a_look_counts_for_a_channel_of_which_nothing_waits(database: Database) -> None:
    """Found by the scenario `acts`: the click was seen, but not kept, because something else of the person waited."""
    lost = Turns("lost without answer")  # what is written times out, what is read is answered
    seen = [There(ADA, False, "phone", ()), Looks("sweep"), lost, InShop(ADA, True), There(ADA, True, "phone", ()), Looks("sweep")]
    steps = [*seen, Passes(20), InShop(ADA, False, channel="phone"), Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_an_opt_in_to_text_messages_brings_no_opt_out_of_e_mails_back(database: Database) -> None:
    """Found by the scenario `acts`: the opt-out of e-mails was told once more, over a click that was not read yet."""
    back = [There(ADA, True, callbacks=(0,)), DOWN, InShop(ADA, False, channel="phone"), There(ADA, False, callbacks=(0,))]
    assert await Play(database, "account address").play([*back, FINE]) == []


async def test_r06_a_change_that_waits_for_its_callback_stands_when_an_opt_in_looks_first(database: Database) -> None:
    """Found by the scenario `acts`: seen as opted out, then as opted in; that the callback was waited for hid the resignation."""
    seen = [Looks("sweep"), There(ADA, False, callbacks=()), Looks("sweep")]
    steps = [*seen, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE]
    assert await Play(database, "shop address").play(steps) == []


async def test_r55_an_opt_out_that_another_shop_tells_again_is_no_act_in_this_one(database: Database) -> None:
    """It is shown as opted in although it was told otherwise: the shop whose act it was tells it again, and nobody else learns."""
    steps = [InShop(ADA, True, "shop1", "phone"), There(ADA, False, "phone", ())]
    assert await Play(database, "account address").play(steps) == []


A_LOOK, WAITS = Looks("sweep"), Turns("lost without answer")  # what is written times out, what is read is answered
MAYBE, LATER = Turns("done without answer"), Passes(40)
OPTS_IN, RESIGNS = InShop(ADA, False), InShop(ADA, True)
IN_SHOP_2, OUT_OF_SHOP_2 = InShop(ADA, False, "shop2"), InShop(ADA, True, "shop2")
CLICKS_IN, LOST_IN, LOST_OUT = There(ADA, False), There(ADA, False, callbacks=()), There(ADA, True, callbacks=())
SEEN_IN = [OPTS_IN, A_LOOK]

STANDS = [
    pytest.param([MAYBE, OPTS_IN, A_LOOK, FINE, LATER, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE], id="of another shop"),
    pytest.param([MAYBE, OPTS_IN, A_LOOK, FINE, LATER, DOWN, OPTS_IN, LOST_OUT, LATER, FINE], id="of the same shop"),
    pytest.param(
        [*SEEN_IN, MAYBE, OUT_OF_SHOP_2, WAITS, LOST_IN, OPTS_IN, A_LOOK, LOST_OUT, LATER, FINE],
        id="behind an opt-out that perhaps arrived before it was seen",
    ),
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("steps", STANDS)
async def test_r06_an_opt_in_looks_first_where_one_was_seen_while_another_of_ours_was_on_its_way(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: the look was noted on the command that waited then, and forgotten with it."""
    assert await Play(database, surroundings).play(steps) == []


KEPT_BACK = [
    pytest.param([*SEEN_IN, DOWN, OPTS_IN, LOST_OUT, LATER, FINE, A_LOOK, Orders(ADA)], id="by an order"),
    pytest.param([*SEEN_IN, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE, A_LOOK, Orders(ADA), Orders(ADA, "shop2")], id="by any shop"),
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("steps", KEPT_BACK)
async def test_r06_an_opt_in_that_was_kept_back_is_not_told_again_by_what_happens_next(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: the resignation waited for its callback, and the difference told the opt-in meanwhile."""
    assert await Play(database, surroundings).play(steps) == []


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("again", [OPTS_IN, IN_SHOP_2])
async def test_r06_an_act_after_an_opt_in_was_kept_back_is_newer_than_the_resignation(
    database: Database, again: Step, surroundings: str
) -> None:
    kept_back = [*SEEN_IN, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE]
    assert await Play(database, surroundings).play([*kept_back, DOWN, again, LATER, FINE]) == []


CLAIMED = [
    pytest.param([*SEEN_IN, RESIGNS, WAITS, InShop(ADA, False, "shop1", "phone"), CLICKS_IN, A_LOOK, FINE], id="something waits"),
    pytest.param(
        [*SEEN_IN, RESIGNS, WAITS, InShop(ADA, False, "shop2", "phone"), CLICKS_IN, A_LOOK, LATER, FINE],
        id="something of another shop waits",
    ),
    pytest.param([*SEEN_IN, RESIGNS, There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE], id="the callback is slow"),
    pytest.param(
        [*SEEN_IN, OUT_OF_SHOP_2, There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE],
        id="the callback is slow, and another shop told",
    ),
    pytest.param(
        [LOST_IN, A_LOOK, RESIGNS, Passes(130), There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE],
        id="an earlier change waited for a callback that was lost",
    ),
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("steps", CLAIMED)
async def test_r55_no_opt_out_is_told_again_over_an_opt_in_whose_callback_is_still_to_be_judged(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: a look showed the opt-in before it was confirmed, and took it for an opt-out not taken."""
    assert await Play(database, surroundings).play(steps) == []


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("again", [OPTS_IN, IN_SHOP_2])
async def test_r06_an_opt_in_after_a_reported_resignation_is_not_kept_back_by_it(
    database: Database, again: Step, surroundings: str
) -> None:
    """Found by the scenario `acts`: that an opt-in had been seen before the resignation was remembered longer than that itself."""
    waits = [WAITS, RESIGNS, CLICKS_IN, OPTS_IN, A_LOOK]
    assert await Play(database, surroundings).play([*waits, There(ADA, True), again, LATER, FINE]) == []


@pytest.mark.parametrize("surroundings", ["account address", "shop address"])
async def test_r53_an_opt_in_in_salesmanago_counts_in_a_shop_whose_opt_out_another_shop_had_overtaken(
    database: Database, surroundings: str
) -> None:
    """SALESmanago had been told of the opt-out before: that it shows an opt-in confirms the callback."""
    assert await Play(database, surroundings).play([OUT_OF_SHOP_2, OPTS_IN, CLICKS_IN]) == []


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
async def test_r06_an_opt_out_that_was_told_is_no_resignation_for_opt_ins_that_wait_behind_each_other(
    database: Database, surroundings: str
) -> None:
    """The second opt-in knew of a look from before the opt-out, and took the opt-out for somebody's click."""
    assert await Play(database, surroundings).play([OPTS_IN, CLICKS_IN, RESIGNS, DOWN, OPTS_IN, OPTS_IN]) == []


UNDONE_AT_ONCE = [OPTS_IN, OPTS_IN, LOST_OUT, Looks("window"), IN_SHOP_2]


async def test_r53_a_click_undone_before_its_callback_could_say_for_which_shop_it_was_ends_as_the_later_act(
    database: Database,
) -> None:
    play = Play(database, "shop address")
    assert await play.play(UNDONE_AT_ONCE) == []
    assert play.upstream.shows(ADA, "email") is False


OPT_OUT_STANDS = [
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, CLICKS_IN, A_LOOK, LATER, FINE], id="a callback comes"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="no callback comes"),
    pytest.param([*SEEN_IN, MAYBE, OUT_OF_SHOP_2, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="it is of another shop"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, There(ADA, True), CLICKS_IN, LATER, FINE], id="a callback tells of it too"),
    pytest.param([*SEEN_IN, WAITS, RESIGNS, LOST_OUT, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="it is a click that stands there"),
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("steps", OPT_OUT_STANDS)
async def test_r06_an_opt_out_that_was_seen_to_stand_while_it_waited_does_not_overwrite_a_newer_opt_in(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    assert await Play(database, surroundings).play(steps) == []


UNCLEAR = [
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, CLICKS_IN, FINE], id="our opt-out perhaps arrived"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, DOWN, LATER, CLICKS_IN, LATER, FINE], id="our opt-out perhaps arrived, and waits long"),
    pytest.param([MAYBE, OPTS_IN, There(ADA, True), CLICKS_IN, FINE], id="our opt-in perhaps arrived"),
    pytest.param(
        [*SEEN_IN, MAYBE, IN_SHOP_2, DOWN, There(ADA, True), LATER, CLICKS_IN, LATER, FINE], id="another shop's opt-in did"
    ),
]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("steps", UNCLEAR)
async def test_r06_where_an_opt_in_in_salesmanago_cannot_be_told_from_our_own_call_everybody_agrees_in_the_end(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    play = Play(database, surroundings)
    assert await play.play(steps) == []
    sides = {out for (_, who, channel), out in play.panel.items() if (who, channel) == (ADA, "email")}
    told = surroundings != "shop address"  # there the callback is for one shop alone
    assert not told or sides <= {play.upstream.shows(ADA, "email"), None}


# -- the judge itself ----------------------------------------------------------------------------------------------------


async def test_the_judge_notices_when_an_opt_in_that_waited_does_not_look(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.delivery.senders.to_salesmanago.asks_first", lambda upsert, now: False)
    steps = [InShop(ADA, False), SEEN, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE]
    assert any("a look would have shown" in fault for fault in await Play(database, "one shop").play(steps))


async def test_the_judge_notices_when_a_resignation_takes_nothing_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> list[object]:
        return []

    monkeypatch.setattr("app.services.planning.follow_ups.FollowUps.revoke_everywhere", nothing)
    steps = [DOWN, InShop(ADA, False), There(ADA, True, callbacks=(0,)), FINE]
    assert any("and heard of" in fault for fault in await Play(database, "one shop").play(steps))
