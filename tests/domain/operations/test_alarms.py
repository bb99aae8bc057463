"""What alarms say (L5)."""

from typing import get_args

from app.domain.operations.alarms import WORDS, AlarmCode, AlarmNotice, AlarmsSaid, MailServer, alarms_said


def test_every_alarm_has_words_in_both_languages() -> None:
    assert set(get_args(AlarmCode)) == WORDS.keys()
    for what in WORDS:
        english, polish = AlarmNotice("", what, over=False).words
        assert english != polish
        assert what not in (english, polish)


def test_a_password_of_a_mail_server_is_not_printed() -> None:
    server = MailServer("mail", 25, "g@example.pl", ("ops@example.pl",), "none", user="gateway", password="geheim")
    assert "geheim" not in repr(server)


def test_what_was_said_of_alarms_is_read_as_it_was_written() -> None:
    notice = AlarmNotice("shop1", "events_late", over=False, id="n1")
    said = AlarmsSaid(frozenset({("shop1", "events_late")}), {"webhook": (notice,), "email": ()})
    read = alarms_said(said.written())
    assert read == AlarmsSaid(said.raised, {"webhook": (notice,)})
    assert read.unsent["webhook"][0].id == "n1"
    assert alarms_said(None) == alarms_said(AlarmsSaid().written()) == AlarmsSaid()


def test_an_alarm_of_another_version_that_nobody_here_can_say_is_left_out() -> None:
    written = '{"raised": [["shop1", "unheard_of"]], "unsent": {"webhook": [["shop1", "unheard_of", false, "n1"]]}}'
    assert alarms_said(written) == AlarmsSaid(unsent={"webhook": ()})
