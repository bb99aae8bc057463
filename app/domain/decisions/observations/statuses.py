"""What an observation of SALESmanago shows (R26, R30, R55).

A status that SALESmanago shows is no act by itself: a contact nobody ever opted in is shown as opted out as well. It is an
act when somebody clicked, or when it differs from what SALESmanago showed or was told before. A difference that our own
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
    seen, told = contact.observed, contact.sent_state
    if event.email_out is not None:
        heard = _heard(told.email_news, seen.email_refused, seen.email_kept_back)
        look = _look(contact.email_news, heard, seen.email_news, event, out=event.email_out, disputed=seen.email_disputed)
        contact = replace(
            contact,
            email_news=look.channel,
            sent_state=replace(contact.sent_state, email_news=told.email_news if look.told == heard else look.told),
            observed=replace(contact.observed, email_news=look.seen, email_disputed=look.disputed, email_unexplained_since=None),
        )
    if event.phone_out is not None:
        heard = _heard(told.phone_news, seen.phone_refused, seen.phone_kept_back)
        look = _look(contact.phone_news, heard, seen.phone_news, event, out=event.phone_out, disputed=seen.phone_disputed)
        contact = replace(
            contact,
            phone_news=look.channel,
            sent_state=replace(contact.sent_state, phone_news=told.phone_news if look.told == heard else look.told),
            observed=replace(contact.observed, phone_news=look.seen, phone_disputed=look.disputed),
        )
    return contact


def _heard(told: TimedStatus | None, refused: TimedStatus | None, kept_back: KeptBack | None) -> TimedStatus | None:
    """The part of the sent state that SALESmanago really received."""
    if told is not None and told == refused:
        return None
    return kept_back.stood if kept_back is not None and kept_back.sent == told else told


def came_back(contact: Contact) -> bool:
    """Did the person opt in after a resignation, and was that sent to SALESmanago?"""
    news, told = contact.email_news, contact.sent_state.email_news
    return news.opted_out is not None and news.status is Status.OPT_IN and is_opt_in(told)


@value()
class _Look:
    channel: Channel
    told: TimedStatus | None
    seen: ObservedStatus
    disputed: bool = False


def _look(
    channel: Channel, told: TimedStatus | None, before: ObservedStatus | None, event: StatusObserved, *, out: bool, disputed: bool
) -> _Look:
    at, status = event.at, Status.OPT_OUT if out else Status.OPT_IN
    if before is not None and at < before.at:
        # An older observation: only an act of that time can still change something.
        if not event.acted:
            return _Look(channel, told, before, disputed)
        return _Look(_acted(channel, at, out=out), newer_status(TimedStatus(status, at), told), before, disputed)
    changed = before is not None and before.status is not status
    since = at if event.acted else acted_since(before, at, out=out)
    seen = ObservedStatus(status, before.since if before is not None and not changed else at, at)
    if event.acted or (told is None and changed):
        return _Look(_acted(channel, since, out=out), newer_status(TimedStatus(status, since), told), seen)
    if told is None or told.status is status:
        return _Look(channel, told, seen)  # nothing happened, or our own command did it
    if disputed:
        return _Look(channel, told, seen, disputed=True)  # reported already
    if at < told.at:
        return _Look(channel, told, seen)  # from before the person's last act, which it cannot know
    looked_since = before is not None and before.at >= told.at
    if out and (before is None or changed):
        return _Look(channel.opt_out(at), TimedStatus(status, at), seen)
    if changed and looked_since:
        return _Look(channel.opt_in(since), TimedStatus(status, since), seen)
    # It does not show what was sent. An opt-out is sent once more; after that, and for an opt-in at once, it is reported (U13).
    # If another shop of the account sent it, that shop sends it again; here it still counts as sent.
    tells_again = channel.status is Status.OPT_OUT and not out
    return _Look(channel, None if tells_again else told, seen, disputed=True)


def acted_since(before: ObservedStatus | None, at: datetime, *, out: bool) -> datetime:
    """The best estimate of when the act behind an observed change happened: somewhere between two observations.

    Opt-outs are dated late and opt-ins early, so that the doubt never favours an opt-in (R06).
    """
    return at if out or before is None else before.at + timedelta(microseconds=1)


def _acted(channel: Channel, at: datetime, *, out: bool) -> Channel:
    return channel.opt_out(at) if out else channel.opt_in(at)


def not_taken(event: StatusRejected, contact: Contact) -> Contact:
    """It was not sent after all: clear it from the sent state, or the next poll would report a change that nobody made."""
    told, seen = contact.sent_state, contact.observed
    if not event.shown_out:
        refused = replace(
            seen,
            email_refused=told.email_news if event.by_email else seen.email_refused,
            phone_refused=told.phone_news if event.by_phone else seen.phone_refused,
        )
        return replace(contact, observed=refused)
    out = ObservedStatus(Status.OPT_OUT, event.at, event.at)
    # Where it held an opt-in, somebody acted. The next poll detects the act, for every shop.
    if event.by_email and event.email_stood is not None:
        email, kept_back = _kept_back(told.email_news, event.email_stood, seen.email_news, event.at)
        told, seen = replace(told, email_news=email), replace(seen, email_kept_back=kept_back)
        if seen.email_unexplained_since == event.email_stood.at:  # an opt-in that waited for its callback: it was shown
            shown = ObservedStatus(Status.OPT_IN, event.email_stood.at, event.email_stood.at)
            seen = replace(seen, email_news=shown, email_unexplained_since=None)
    elif event.by_email:
        told, seen = replace(told, email_news=None), replace(seen, email_news=out)
    if event.by_phone and event.phone_stood is not None:
        phone, kept_back = _kept_back(told.phone_news, event.phone_stood, seen.phone_news, event.at)
        told, seen = replace(told, phone_news=phone), replace(seen, phone_kept_back=kept_back)
    elif event.by_phone:
        told, seen = replace(told, phone_news=None), replace(seen, phone_news=out)
    return replace(contact, sent_state=told, observed=seen)


def _kept_back(
    told: TimedStatus | None, stood: TimedStatus, shown: ObservedStatus | None, at: datetime
) -> tuple[TimedStatus | None, KeptBack | None]:
    """An opt-out that was learned meanwhile stands. One from before the act explains what is shown: the act is newer (R06)."""
    if told is None or told.status is Status.OPT_OUT:
        return told, None
    if shown is not None and shown.status is Status.OPT_OUT and stood.at < shown.since <= told.at:
        return TimedStatus(Status.OPT_OUT, shown.since), None
    return told, KeptBack(told, stood, at)


def is_explained(event: StatusRejected, contact: Contact) -> bool:
    """Was the opt-out that held an opt-in back known before the person acted? Then the opt-in is sent again."""
    told = contact.sent_state
    email = event.by_email and event.email_stood is not None and contact.email_news.status is Status.OPT_IN
    phone = event.by_phone and event.phone_stood is not None and contact.phone_news.status is Status.OPT_IN
    return any(
        kept_back and said is not None and said.status is Status.OPT_OUT
        for kept_back, said in ((email, told.email_news), (phone, told.phone_news))
    )


def found(
    look: StatusObserved, contact: Contact, grace: timedelta, patience: timedelta = timedelta(0)
) -> tuple[StatusObserved | None, Contact]:
    """Whether an observation shows an act of the person: the act, if so, and the contact to store meanwhile.

    Where a callback may say for which shop a change was meant (R53), it gets a grace period before the observation
    counts for all shops. It gets `patience` to report an opt-in, before an opt-out that SALESmanago does not show is sent again.
    """
    after, told, since = observe_status(look, contact), contact.sent_state.email_news, contact.observed.email_unexplained_since
    if since is None or (told is not None and since < told.at):  # of a change before what was told since
        since = look.at
    waits = look.email_out is not None and replace(contact, observed=replace(contact.observed, email_unexplained_since=since))
    if (after.email_news, after.phone_news) == (contact.email_news, contact.phone_news):
        if waits and after.sent_state != contact.sent_state and look.at - since < patience:
            return None, waits
        return None, replace(after, observed=replace(after.observed, email_unexplained_since=None)) if waits else after
    if waits and look.at - since < grace:
        return None, waits
    if look.email_out is not None:
        at = acted_since(contact.observed.email_news, since, out=look.email_out)
    else:
        at = acted_since(contact.observed.phone_news, look.at, out=look.phone_out is True)
    return replace(look, at=at, acted=True), contact


def differs_only_in_time(before: Contact, after: Contact) -> bool:
    """Did the observation show what was known? Then nothing is stored, unless it is the first one since something was sent."""
    return _timeless(before) == _timeless(after)


def _timeless(contact: Contact) -> tuple[object, ...]:
    seen, told = contact.observed, contact.sent_state
    looked_since = [
        shown is not None and said is not None and shown.at > said.at
        for shown, said in ((seen.email_news, told.email_news), (seen.phone_news, told.phone_news))
    ]
    statuses = [(shown.status, shown.since) if shown is not None else None for shown in (seen.email_news, seen.phone_news)]
    rest = replace(contact, observed=replace(seen, email_news=None, phone_news=None, tags_at=None))
    return rest, statuses, looked_since, seen.tags_at is None


# -- several shops on one account ----------------------------------------------------------------------------------------


def adopt_sibling_status(
    contact: Contact, told_email: TimedStatus | None, told_phone: TimedStatus | None, seen: Observed
) -> Contact:
    """Another shop of the account changed or learned the newsletter status of the one contact in SALESmanago.

    That is no act towards this shop (R53), but from now on SALESmanago holds that status: an older opt-in of this shop
    must not supersede it (R06), and an observation that shows it is no change.
    """
    return replace(
        contact,
        sent_state=replace(
            contact.sent_state,
            email_news=newer_status(told_email, contact.sent_state.email_news),
            phone_news=newer_status(told_phone, contact.sent_state.phone_news),
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
