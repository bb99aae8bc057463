"""Which newsletter status SALESmanago has, as far as it was observed or sent."""

from app.domain.consent import Status, TimedStatus
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, ObservedStatus


def email_stood(contact: Contact) -> TimedStatus | None:
    """The status that was observed, if none was sent since. An observed change that waits for its callback counts."""
    sent, seen, since = contact.sent_state.email_news, contact.observed, contact.observed.email_unexplained_since
    known = _stood(sent, seen.email_news, seen.email_refused, seen.email_kept_back)
    before = known or sent
    if before is None or since is None or since <= before.at or _is_kept_back(sent, seen.email_kept_back):
        return known
    return TimedStatus(Status.OPT_IN if before.status is Status.OPT_OUT else Status.OPT_OUT, since)


def phone_stood(contact: Contact) -> TimedStatus | None:
    seen = contact.observed
    return _stood(contact.sent_state.phone_news, seen.phone_news, seen.phone_refused, seen.phone_kept_back)


def _is_kept_back(sent: TimedStatus | None, kept_back: KeptBack | None) -> bool:
    return kept_back is not None and kept_back.sent == sent


def _stood(
    sent: TimedStatus | None, seen: ObservedStatus | None, refused: TimedStatus | None, kept_back: KeptBack | None
) -> TimedStatus | None:
    """What SALESmanago showed of a channel, unless an opt-out was sent since.

    What was queued may still wait, here or in another shop's queue, or be cancelled: it does not show what SALESmanago has.
    """
    if kept_back is not None and _is_kept_back(sent, kept_back) and (seen is None or seen.at <= kept_back.at):
        return TimedStatus(Status.OPT_OUT, kept_back.at)
    shown = TimedStatus(seen.status, seen.at) if seen is not None else None
    out = sent if sent is not None and sent != refused and sent.status is Status.OPT_OUT else None
    return None if shown is None or (out is not None and out.supersedes(shown)) else shown
