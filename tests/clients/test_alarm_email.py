"""Alarms by e-mail, to a real SMTP server of this process: taken once, refused, gone (L5)."""

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from app.clients.alarm_email import AlarmEmail, message_of
from app.configuration.settings import Settings
from app.domain.operations.alarms import WORDS, AlarmNotice, MailServer

NOTICE = AlarmNotice("shop1", "parked", over=False)


class Mailbox:
    """Keeps what it is sent; refuses recipients at `gone.example`."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.answer = "250 OK"
        self.logins: list[tuple[str, str]] = []

    async def handle_RCPT(self, _server, _session: Session, envelope: Envelope, address: str, _options) -> str:
        if address.endswith("@gone.example"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session: Session, envelope: Envelope) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if self.answer.startswith("250"):
            self.taken.append((envelope.rcpt_tos, message))
        return self.answer

    def authenticate(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    server = Controller(mailbox, "127.0.0.1", free, authenticator=mailbox.authenticate, auth_require_tls=False)
    server.start()
    yield free
    server.stop()


def mail(port: int, *recipients: str, **more: str) -> MailServer:
    return MailServer("127.0.0.1", port, "gateway@example.com", recipients or ("ops@example.com",), "none", **more)


async def test_a_notice_arrives_once_in_both_languages(mailbox: Mailbox, port: int) -> None:
    assert await AlarmEmail(mail(port, "ops@example.com", "anna@example.com"))(NOTICE)
    ((recipients, message),) = mailbox.taken
    assert recipients == ["ops@example.com", "anna@example.com"]
    assert message["Subject"].strip() == f"[gateway] alarm: shop1: {WORDS['parked'][0]}"
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_content()
    assert all(words in body for words in (*WORDS["parked"], "It concerns: shop1", "Dotyczy: shop1"))


async def test_an_end_is_sent_as_an_end(mailbox: Mailbox, port: int) -> None:
    assert await AlarmEmail(mail(port))(AlarmNotice("shop1", "parked", over=True))
    ((_, message),) = mailbox.taken
    assert message["Subject"].strip().startswith("[gateway] over: shop1: ")
    assert f"Zakończone: {WORDS['parked'][1]}" in message.get_content()


async def test_user_and_password_are_given_where_the_server_asks(mailbox: Mailbox, port: int) -> None:
    assert await AlarmEmail(mail(port, user="gateway", password="right"))(NOTICE)
    assert not await AlarmEmail(mail(port, user="gateway", password="wrong"))(NOTICE)
    assert mailbox.logins[0] == ("gateway", "right")
    assert set(mailbox.logins) == {("gateway", "right"), ("gateway", "wrong")}
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize("answer", ["451 later", "554 no", "421 busy"])
async def test_what_the_server_does_not_take_is_not_sent_and_raises_nothing(mailbox: Mailbox, port: int, answer: str) -> None:
    mailbox.answer = answer
    assert not await AlarmEmail(mail(port))(NOTICE)


async def test_one_recipient_that_is_gone_keeps_it_from_nobody_else_and_only_all_are_a_failure(mailbox: Mailbox, port: int) -> None:
    assert await AlarmEmail(mail(port, "old@gone.example", "ops@example.com"))(NOTICE)
    assert [recipients for recipients, _ in mailbox.taken] == [["ops@example.com"]]
    assert not await AlarmEmail(mail(port, "old@gone.example"))(NOTICE)


async def test_a_server_that_is_not_there_is_no_reason_to_fail() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not await AlarmEmail(mail(closed.getsockname()[1]))(NOTICE)


async def test_a_server_without_the_tls_that_is_demanded_gets_nothing(mailbox: Mailbox, port: int) -> None:
    for tls in ("tls", "starttls"):
        assert not await AlarmEmail(MailServer("127.0.0.1", port, "a@example.com", ("b@example.com",), tls))(NOTICE)
    assert mailbox.taken == []


@pytest.mark.parametrize("what", sorted(WORDS))
def test_every_alarm_makes_a_message_whatever_it_concerns(what: str) -> None:
    for concerns in ("", "shop1", "account:main", "źle\r\nBcc: everybody@example.com"):
        message = message_of(AlarmNotice(concerns, what, over=False), "gateway@example.com", ("ops@example.com",))
        assert message["Bcc"] is None
        assert message.as_bytes()


RIGHT = {"alarm_email_to": "ops@example.com", "alarm_email_from": "gateway@example.com", "alarm_smtp_host": "mail.example.com"}


def test_the_settings_name_server_sender_and_recipients() -> None:
    made = Settings(**{**RIGHT, "alarm_email_to": "ops@example.com, anna@example.com"}).mail
    assert made == MailServer("mail.example.com", 587, "gateway@example.com", ("ops@example.com", "anna@example.com"), "starttls")
    assert Settings().mail is None
    assert Settings(**RIGHT, alarm_smtp_tls="tls").mail.port == 465
    assert "very-secret" not in repr(Settings(**RIGHT, alarm_smtp_user="u", alarm_smtp_password="very-secret"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alarm_smtp_host": ""}, "GATEWAY_ALARM_SMTP_HOST"),
        ({"alarm_email_from": ""}, "GATEWAY_ALARM_EMAIL_FROM"),
        ({"alarm_email_from": "nobody"}, "nobody"),
        ({"alarm_email_to": "ops@example.com,nobody"}, "nobody"),
        ({"alarm_smtp_tls": "none"}, "GATEWAY_ALARM_SMTP_TLS"),
        ({"alarm_smtp_password": "p"}, "GATEWAY_ALARM_SMTP_USER"),
        ({"alarm_smtp_user": "u"}, "GATEWAY_ALARM_SMTP_PASSWORD"),
    ],
)
def test_settings_that_would_send_nothing_or_a_password_in_the_clear_are_refused(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**RIGHT | wrong)
