"""What alarms say (L5)."""

from typing import get_args

from app.domain.operations.alarms import WORDS, AlarmCode, AlarmNotice, MailServer


def test_every_alarm_has_words_in_both_languages() -> None:
    assert set(get_args(AlarmCode)) == WORDS.keys()
    for what in WORDS:
        english, polish = AlarmNotice("", what, over=False).words
        assert english != polish
        assert what not in (english, polish)


def test_a_password_of_a_mail_server_is_not_printed() -> None:
    server = MailServer("mail", 25, "g@example.pl", ("ops@example.pl",), "none", user="gateway", password="geheim")
    assert "geheim" not in repr(server)
