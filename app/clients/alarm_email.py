"""Alarms by e-mail, in both languages, to the operator (L5)."""

from email.message import EmailMessage
from email.utils import formatdate
from ssl import SSLError

import aiosmtplib
import structlog

from app.domain.operations.alarms import AlarmNotice, MailServer

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 15.0


class AlarmEmail:
    def __init__(self, mail: MailServer) -> None:
        self._mail = mail

    async def __call__(self, notice: AlarmNotice) -> bool:
        """Whether the mail server took it for somebody. Never raises for what a network or a server may do."""
        mail = self._mail
        try:
            refused, _ = await aiosmtplib.send(
                message_of(notice, mail.sender, mail.recipients),
                hostname=mail.host,
                port=mail.port,
                username=mail.user or None,
                password=mail.password or None,
                use_tls=mail.tls == "tls",
                start_tls=mail.tls == "starttls",
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, SSLError, TimeoutError) as error:
            log.warning("alarm_not_sent", cause=type(error).__name__)
            return False
        if refused:
            log.warning("alarm_not_sent_to_all", refused=len(refused))
        return True


def message_of(notice: AlarmNotice, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """English first, then Polish; no personal data is in a notice."""
    english, polish = notice.words
    concerns = " ".join(notice.concerns.split())
    state = "over" if notice.over else "alarm"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = f"[gateway] {state}: {concerns + ': ' if concerns else ''}{english}"
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = f"<alarm-{notice.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # no reply of a person who is away comes back
    lines = (f"Over: {english}", f"Zakończone: {polish}") if notice.over else (english, polish)
    whom = (f"It concerns: {concerns}", f"Dotyczy: {concerns}") if concerns else ("", "")
    advice = ("", "") if notice.over else ("`gateway status` and the console say more.", "Więcej: `gateway status --pl` i konsola.")
    parts = ["\n".join(filter(None, words)) for words in zip(lines, whom, advice, strict=True)]
    message.set_content("\n\n---\n\n".join(parts) + "\n")
    return message
