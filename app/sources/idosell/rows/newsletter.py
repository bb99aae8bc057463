"""Newsletter states with their own dates: rows of the newsletter gates, and the agreements an account shows (contract 2.7-2.9).

Only a state since a real date says anything. Whether somebody resigned by the link or was removed by staff the panel does not
show, so a resignation counts as not confirmed (R84) and the shop's setting decides (R52).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from app.clients.idosell.answers import is_yes
from app.domain.event_kinds.subjects import real_id
from app.domain.event_parts import Customer, Evidence
from app.domain.events import Subscribed, Unsubscribed
from app.domain.intake.pushes import guest
from app.domain.shops.shop import Shop
from app.formats.contact_values import e164, email_address, is_national, language
from app.sources.findings import Finding, Left, SourceEvent, Translation, Unusable
from app.sources.idosell.rows.reading import Row, moment, rows, shops_by_number, stamp, whole

ENVELOPES = ("clients",)


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


SEEN_IN_PANEL = Evidence(reason="the newsletter list of the panel")


def subscriber(row: Row, channel: Channel, shops: Sequence[Shop], emails: dict[int, str] | None = None) -> Translation:
    """The events of a row of a newsletter gate, for each shop it names.

    `emails`: addresses of accounts, for the gate that shows phones.
    """
    number = whole(row.get("client_number")) or 0
    found: list[Finding] = []
    left: list[Left] = []
    configured = shops_by_number(shops)
    for said in rows(row.get("shops")):
        shop = configured.get(whole(said.get("shop_id")) or 0)
        if shop is None:
            continue
        agrees = is_yes(said.get("approval")) or moment(said, "approval", shop=shop) is not None  # (contract 2.8)
        since = moment(said, "date_modification", shop=shop, later=not agrees)
        email = _email(row) if channel is Channel.EMAIL else (emails or {}).get(number)
        if email is None:
            left.append(Left(shop.id, f"{channel} newsletter", Unusable.NO_ADDRESS))
        elif since is not None:
            who = real_id(str(number)) or guest(email)
            found.append(_finding(shop, channel, who, email, since, row, agrees=agrees))
    return Translation(tuple(found), tuple(left))


def _email(row: Row) -> str | None:
    try:
        return email_address(str(row.get("email") or ""))
    except ValueError:
        return None


def state_in(phone: str | None) -> str:
    """An opt-in to text messages under another number is another state. Of the number a digest is kept, as of a guest's address."""
    return "in" if phone is None else f"in:{guest(phone)}"


def _finding(shop: Shop, channel: Channel, who: str, email: str, since: datetime, row: Row, *, agrees: bool) -> Finding:
    by_email, by_sms = channel is Channel.EMAIL, channel is Channel.SMS
    said = "in" if agrees else "out"
    state = said
    event: Subscribed | Unsubscribed
    if agrees:
        written = str(row.get("phone_cellular") or "") if by_sms else ""
        event = Subscribed(
            at=since,
            email=email,
            by_email=by_email,
            by_sms=by_sms,
            has_account=not who.startswith("@"),
            phone=e164(written, shop.country) if written else None,
            phone_assumed=bool(written) and is_national(written),
            language=language(str(row.get("language") or "")),
            evidence=SEEN_IN_PANEL,
        )
        state = state_in(event.phone)
    else:
        event = Unsubscribed(at=since, email=email, by_email=by_email, by_sms=by_sms, confirmed=False, evidence=SEEN_IN_PANEL)
    events = (SourceEvent(f"ido:news:{channel}:{who}:{said}:{stamp(since)}", event),)
    return Finding(shop.id, f"news:{channel}:{who}", state, since, events, events, is_act=True)


def agreements(number: int, known: Customer, shop: Shop) -> Iterator[Finding]:
    """What an account's row shows of this shop: agreements alone. A missing one says nothing of when it ended."""
    boxes = ((Channel.EMAIL, known.newsletter_email), (Channel.SMS, known.newsletter_sms))
    for channel, box in boxes:
        if not box.ticked or box.since is None:
            continue
        described = {"phone_cellular": known.phone or "", "language": known.language or ""}
        yield _finding(shop, channel, str(number), known.email, box.since, described, agrees=True)
