"""What an observation of SALESmanago shows (R26, R30, R55).

A status that SALESmanago shows is no act by itself: a contact nobody ever opted in is shown as opted out as well. It is an
act when somebody clicked, or when it differs from what SALESmanago showed or was sent before. A difference that our own
command explains is none. That keeps changes from echoing, and mere state from opting anybody in or out.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from app.domain.consent import Channel, Status, TimedStatus, is_opt_in, newer_status
from app.domain.delivery.verify import RemoteContact
from app.domain.events import StatusObserved, StatusRejected
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed, ObservedStatus
from app.domain.values import replace, value

Noted = TypeVar("Noted", ObservedStatus, KeptBack)


def is_another(contact: Contact, shown: RemoteContact) -> bool:
    """Is what SALESmanago shows another contact than the one it showed before, made since? Its statuses are nobody's act (R72)."""
    before, now = contact.observed.created_at, shown.created_at
    return before is not None and now is not None and now > before


def observe_status(event: StatusObserved, contact: Contact) -> Contact:
    seen, sent = contact.observed, contact.sent_state
    if event.email_out is not None:
        received = _received(sent.email_news, seen.email_refused, seen.email_kept_back)
        after = _observe(contact.email_news, received, seen.email_news, event, out=event.email_out, disputed=seen.email_disputed)
        contact = replace(
            contact,
            email_news=after.channel,
            sent_state=replace(contact.sent_state, email_news=sent.email_news if after.sent == received else after.sent),
            observed=replace(contact.observed, email_news=after.seen, email_disputed=after.disputed, email_unexplained_since=None),
        )
    if event.phone_out is not None:
        received = _received(sent.phone_news, seen.phone_refused, seen.phone_kept_back)
        after = _observe(contact.phone_news, received, seen.phone_news, event, out=event.phone_out, disputed=seen.phone_disputed)
        contact = replace(
            contact,
            phone_news=after.channel,
            sent_state=replace(contact.sent_state, phone_news=sent.phone_news if after.sent == received else after.sent),
            observed=replace(contact.observed, phone_news=after.seen, phone_disputed=after.disputed),
        )
    return contact


def _received(sent: TimedStatus | None, refused: TimedStatus | None, kept_back: KeptBack | None) -> TimedStatus | None:
    """The part of the sent state that SALESmanago really received."""
    if sent is not None and sent == refused:
        return None
    return kept_back.stood if kept_back is not None and kept_back.sent == sent else sent


def came_back(contact: Contact) -> bool:
    """Did the person opt in after a resignation, and was that sent to SALESmanago?"""
    news, sent = contact.email_news, contact.sent_state.email_news
    return news.opted_out is not None and news.status is Status.OPT_IN and is_opt_in(sent)


@value()
class _ChannelAfter:
    channel: Channel
    sent: TimedStatus | None
    seen: ObservedStatus
    disputed: bool = False


def _observe(
    channel: Channel, sent: TimedStatus | None, before: ObservedStatus | None, event: StatusObserved, *, out: bool, disputed: bool
) -> _ChannelAfter:
    at, status = event.at, Status.OPT_OUT if out else Status.OPT_IN
    if before is not None and at < before.at:
        # An older observation: only an act of that time can still change something.
        if not event.acted:
            return _ChannelAfter(channel, sent, before, disputed)
        return _ChannelAfter(_acted(channel, at, out=out), newer_status(TimedStatus(status, at), sent), before, disputed)
    changed = before is not None and before.status is not status
    since = at if event.acted else acted_since(before, at, out=out)
    seen = ObservedStatus(status, before.since if before is not None and not changed else at, at)
    if event.acted or (sent is None and changed):
        return _ChannelAfter(_acted(channel, since, out=out), newer_status(TimedStatus(status, since), sent), seen)
    if sent is None or sent.status is status:
        return _ChannelAfter(channel, sent, seen)  # nothing happened, or our own command did it
    if disputed:
        return _ChannelAfter(channel, sent, seen, disputed=True)  # reported already
    if at < sent.at:
        return _ChannelAfter(channel, sent, seen)  # from before the person's last act, which it cannot know
    observed_since = before is not None and before.at >= sent.at
    if out and (before is None or changed):
        return _ChannelAfter(channel.opt_out(at), TimedStatus(status, at), seen)
    if changed and observed_since:
        return _ChannelAfter(channel.opt_in(since), TimedStatus(status, since), seen)
    # It does not show what was sent. An opt-out is sent once more; after that, and for an opt-in at once, it is reported (U13).
    # If another shop of the account sent it, that shop sends it again; here it still counts as sent.
    tells_again = channel.status is Status.OPT_OUT and not out
    return _ChannelAfter(channel, None if tells_again else sent, seen, disputed=True)


def acted_since(before: ObservedStatus | None, at: datetime, *, out: bool) -> datetime:
    """The best estimate of when the act behind an observed change happened: somewhere between two observations.

    Opt-outs are dated late and opt-ins early, so that the doubt never favours an opt-in (R06).
    """
    return at if out or before is None else before.at + timedelta(microseconds=1)


def _acted(channel: Channel, at: datetime, *, out: bool) -> Channel:
    return channel.opt_out(at) if out else channel.opt_in(at)


def not_taken(event: StatusRejected, contact: Contact) -> Contact:
    """It was not sent after all: clear it from the sent state, or the next poll would report a change that nobody made."""
    sent, seen = contact.sent_state, contact.observed
    if not event.shown_out:
        refused = replace(
            seen,
            email_refused=sent.email_news if event.by_email else seen.email_refused,
            phone_refused=sent.phone_news if event.by_phone else seen.phone_refused,
        )
        return replace(contact, observed=refused)
    out = ObservedStatus(Status.OPT_OUT, event.at, event.at)
    # Where it held an opt-in, somebody acted. The next poll detects the act, for every shop.
    if event.by_email and event.email_stood is not None:
        email, kept_back = _kept_back(sent.email_news, event.email_stood, seen.email_news, event.at)
        sent, seen = replace(sent, email_news=email), replace(seen, email_kept_back=kept_back)
        if seen.email_unexplained_since == event.email_stood.at:  # an opt-in that waited for its callback: it was shown
            shown = ObservedStatus(Status.OPT_IN, event.email_stood.at, event.email_stood.at)
            seen = replace(seen, email_news=shown, email_unexplained_since=None)
    elif event.by_email:
        sent, seen = replace(sent, email_news=None), replace(seen, email_news=out)
    if event.by_phone and event.phone_stood is not None:
        phone, kept_back = _kept_back(sent.phone_news, event.phone_stood, seen.phone_news, event.at)
        sent, seen = replace(sent, phone_news=phone), replace(seen, phone_kept_back=kept_back)
    elif event.by_phone:
        sent, seen = replace(sent, phone_news=None), replace(seen, phone_news=out)
    return replace(contact, sent_state=sent, observed=seen)


def _kept_back(
    sent: TimedStatus | None, stood: TimedStatus, shown: ObservedStatus | None, at: datetime
) -> tuple[TimedStatus | None, KeptBack | None]:
    """An opt-out that was learned meanwhile stands. One from before the act explains what is shown: the act is newer (R06)."""
    if sent is None or sent.status is Status.OPT_OUT:
        return sent, None
    if shown is not None and shown.status is Status.OPT_OUT and stood.at < shown.since <= sent.at:
        return TimedStatus(Status.OPT_OUT, shown.since), None
    return sent, KeptBack(sent, stood, at)


def is_explained(event: StatusRejected, contact: Contact) -> bool:
    """Was the opt-out that held an opt-in back known before the person acted? Then the opt-in is sent again."""
    sent = contact.sent_state
    email = event.by_email and event.email_stood is not None and contact.email_news.status is Status.OPT_IN
    phone = event.by_phone and event.phone_stood is not None and contact.phone_news.status is Status.OPT_IN
    return any(
        kept_back and said is not None and said.status is Status.OPT_OUT
        for kept_back, said in ((email, sent.email_news), (phone, sent.phone_news))
    )


def found(
    observation: StatusObserved, contact: Contact, grace: timedelta, patience: timedelta = timedelta(0)
) -> tuple[StatusObserved | None, Contact]:
    """Whether an observation shows an act of the person: the act, if so, and the contact to store meanwhile.

    Where a callback may say for which shop a change was meant (R53), it gets a grace period before the observation
    counts for all shops. It gets `patience` to report an opt-in, before an opt-out that SALESmanago does not show is sent again.
    """
    after, sent = observe_status(observation, contact), contact.sent_state.email_news
    since = contact.observed.email_unexplained_since
    if since is None or (sent is not None and since < sent.at):  # of a change before what was sent since
        since = observation.at
    waits = observation.email_out is not None and replace(
        contact, observed=replace(contact.observed, email_unexplained_since=since)
    )
    if (after.email_news, after.phone_news) == (contact.email_news, contact.phone_news):
        if waits and after.sent_state != contact.sent_state and observation.at - since < patience:
            return None, waits
        return None, after
    if waits and observation.at - since < grace:
        return None, waits
    if observation.email_out is not None:
        at = acted_since(contact.observed.email_news, since, out=observation.email_out)
    else:
        at = acted_since(contact.observed.phone_news, observation.at, out=observation.phone_out is True)
    return replace(observation, at=at, acted=True), contact


def differs_only_in_time(before: Contact, after: Contact) -> bool:
    """Did the observation show what was known? Then nothing is stored, unless it is the first one since something was sent."""
    return _timeless(before) == _timeless(after)


def _timeless(contact: Contact) -> tuple[object, ...]:
    seen, sent = contact.observed, contact.sent_state
    observed_since = [
        shown is not None and said is not None and shown.at > said.at
        for shown, said in ((seen.email_news, sent.email_news), (seen.phone_news, sent.phone_news))
    ]
    statuses = [(shown.status, shown.since) if shown is not None else None for shown in (seen.email_news, seen.phone_news)]
    rest = replace(contact, observed=replace(seen, email_news=None, phone_news=None, tags_at=None))
    return rest, statuses, observed_since, seen.tags_at is None


# -- several shops on one account ----------------------------------------------------------------------------------------


def adopt_sibling_status(
    contact: Contact, email_sent: TimedStatus | None, phone_sent: TimedStatus | None, seen: Observed
) -> Contact:
    """Another shop of the account changed or learned the newsletter status of the one contact in SALESmanago.

    That is no act towards this shop (R53), but from now on SALESmanago holds that status: an older opt-in of this shop
    must not supersede it (R06), and an observation that shows it is no change.
    """
    return replace(
        contact,
        sent_state=replace(
            contact.sent_state,
            email_news=newer_status(email_sent, contact.sent_state.email_news),
            phone_news=newer_status(phone_sent, contact.sent_state.phone_news),
        ),
        observed=replace(
            contact.observed,
            email_news=_newer(seen.email_news, contact.observed.email_news),
            phone_news=_newer(seen.phone_news, contact.observed.phone_news),
            email_kept_back=_newer(seen.email_kept_back, contact.observed.email_kept_back),
            phone_kept_back=_newer(seen.phone_kept_back, contact.observed.phone_kept_back),
        ),
    )


def _newer(one: Noted | None, other: Noted | None) -> Noted | None:
    return one if one is not None and (other is None or one.at > other.at) else other
