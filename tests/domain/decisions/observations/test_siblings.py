"""What another shop of the account told, and what it means here (R53)."""

from dataclasses import replace

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Channel, TimedStatus
from app.domain.decisions.decide import decide
from app.domain.decisions.observations.statuses import adopt_sibling_status
from app.domain.person.sides import ObservedStatus
from tests.domain.decisions.observations.looking import IN, OPEN, OUT, look, minute
from tests.support.builders import commands_of, life, registered, somebody, subscribed

# -- several shops on one account ------------------------------------------------------------------------------------------


def test_what_another_shop_sent_is_no_act_here_and_no_news_when_it_is_seen() -> None:
    ours = life(OPEN, registered(minute(0)), look(1, IN)).contact
    told_out = TimedStatus(OUT, minute(2))
    ours = adopt_sibling_status(ours, told_out, None, ours.observed)
    assert ours.email_news == Channel()
    decision = decide(look(3, OUT), OPEN, ours)
    assert (commands_of(decision.plan), decision.contact.email_news) == ((), Channel())


def test_what_another_shop_sent_keeps_an_older_opt_in_of_this_shop_back_and_not_a_newer_one() -> None:
    ours = adopt_sibling_status(life(OPEN, registered(minute(0))).contact, TimedStatus(OUT, minute(5)), None, somebody().observed)
    older, newer = decide(subscribed(minute(4)), OPEN, ours), decide(subscribed(minute(6)), OPEN, ours)
    assert [one.email_status for one in commands_of(older.plan) if isinstance(one, UpsertContact)] in ([], [None])
    assert [one.email_status for one in commands_of(newer.plan) if isinstance(one, UpsertContact)] == [IN]


@pytest.mark.parametrize("ours_later", [True, False])
def test_of_two_words_to_salesmanago_the_weightier_is_remembered(ours_later: bool) -> None:
    ours = replace(
        somebody(), sent_state=replace(somebody().sent_state, email_news=TimedStatus(IN, minute(5 if ours_later else 1)))
    )
    heard = adopt_sibling_status(ours, TimedStatus(OUT, minute(3)), None, somebody().observed)
    assert heard.sent_state.email_news == (TimedStatus(IN, minute(5)) if ours_later else TimedStatus(OUT, minute(3)))
    tie = adopt_sibling_status(
        replace(ours, sent_state=replace(ours.sent_state, email_news=TimedStatus(IN, minute(3)))),
        TimedStatus(OUT, minute(3)),
        None,
        ours.observed,
    )
    assert tie.sent_state.email_news == TimedStatus(OUT, minute(3))


def test_the_phone_of_another_shop_says_nothing_of_our_e_mail() -> None:
    ours = somebody()
    heard = adopt_sibling_status(
        ours, None, TimedStatus(OUT, minute(3)), replace(ours.observed, phone_news=ObservedStatus(OUT, minute(3), minute(3)))
    )
    assert (heard.sent_state.email_news, heard.observed.email_news) == (None, None)
    assert (heard.sent_state.phone_news, heard.observed.phone_news) == (
        TimedStatus(OUT, minute(3)),
        ObservedStatus(OUT, minute(3), minute(3)),
    )
