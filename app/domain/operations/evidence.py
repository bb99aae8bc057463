"""What a decision rests on: which consent or which other event, and when (R90). What was never said is evidence too."""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from app.domain.event_parts import Origin
from app.domain.person.act_origin import FROM_SALESMANAGO, origin_of
from app.domain.person.act_origin import WORDS as ORIGIN_WORDS
from app.domain.person.consent_ledger import ActKind, Entry, Matter
from app.domain.reasons import Reason
from app.domain.values import value


@value(kw_only=True)
class Evidence:
    """`what`: a key of `WORDS`. `at` and `event_id`: None for what is not known to have happened."""

    what: str
    at: datetime | None = None
    event_id: str | None = None
    source: str | None = None
    """The kind of that event, as long as it is known."""
    origin: Origin | None = None
    """Who changed a newsletter status, as far as anybody says it."""

    @property
    def says_more(self) -> bool:
        """Than the event does by which it stands."""
        return self.what != "own_event"

    @property
    def words(self) -> tuple[str, str]:
        """English, Polish."""
        english, polish = WORDS[self.what]
        if self.origin not in FROM_SALESMANAGO:  # the act says it already
            return english, polish
        by, by_polish = ORIGIN_WORDS[self.origin]
        return f"{english} {by}", f"{polish} {by_polish}"


@value(kw_only=True)
class Decided:
    """An event whose evidence is searched."""

    event_id: str
    type: str
    reason: Reason | None
    occurred_at: datetime
    decided_at: datetime | None


ON_CONSENT = frozenset({Reason.NO_CONSENT, Reason.ORDER_NOT_CONSENTED, Reason.BEFORE_CONSENT, Reason.CONSENT_WITHDRAWN})
"""Decided by the consent to the transfer."""

ON_NEWSLETTER = frozenset(
    {
        Reason.UNCONFIRMED_REMOVAL,
        Reason.OPT_IN_NOT_CONFIRMED,
        Reason.OPT_OUT_NOT_CONFIRMED,
        Reason.OPTED_OUT_THERE,
        Reason.SHOP_IS_NEWER,
    }
)
"""Decided by when the person subscribed or unsubscribed."""

ON_ORDER = frozenset(
    {
        Reason.PURCHASE_NOT_SENT,
        Reason.ORDER_ALREADY_SENT,
        Reason.ORDER_CANCELLED_FIRST,
        Reason.ORDER_REPLACED,
        Reason.ORDER_OF_ANOTHER_ADDRESS,
        Reason.ORDER_NOT_UPDATABLE,
        Reason.WAITS_FOR_ORDER,
        Reason.ORDER_NEVER_CAME,
        Reason.RETURN_ALREADY_SENT,
    }
)
"""Decided by another event of the same order."""

ON_NOTHING_ELSE = frozenset(Reason) - ON_CONSENT - ON_NEWSLETTER - ON_ORDER
"""The event itself, or how the shop is configured, says everything."""

WORDS = MappingProxyType(
    {
        "transfer_granted": ("consent to the transfer given", "zgoda na przekazywanie danych"),
        "transfer_withdrawn": ("consent to the transfer withdrawn", "wycofanie zgody na przekazywanie danych"),
        "transfer_never": ("no consent to the transfer is known", "nie ma żadnej zgody na przekazywanie danych"),
        "email_opt_in": ("subscribed to the e-mail newsletter", "zapis do newslettera e-mail"),
        "email_opt_in_requested": (
            "asked for the e-mail newsletter, not confirmed yet",
            "zgłoszenie do newslettera e-mail, jeszcze bez potwierdzenia",
        ),
        "email_opt_out": ("unsubscribed from the e-mail newsletter", "rezygnacja z newslettera e-mail"),
        "email_removed_by_staff": ("taken off the e-mail newsletter by staff", "wypisanie z newslettera e-mail przez obsługę"),
        "sms_opt_in": ("subscribed to the SMS newsletter", "zapis do newslettera SMS"),
        "sms_opt_in_requested": (
            "asked for the SMS newsletter, not confirmed yet",
            "zgłoszenie do newslettera SMS, jeszcze bez potwierdzenia",
        ),
        "sms_opt_out": ("unsubscribed from the SMS newsletter", "rezygnacja z newslettera SMS"),
        "sms_removed_by_staff": ("taken off the SMS newsletter by staff", "wypisanie z newslettera SMS przez obsługę"),
        "newsletter_never": ("no act about the newsletter is known", "nie wiadomo o żadnej decyzji w sprawie newslettera"),
        "own_event": ("the event itself", "samo zdarzenie"),
        "own_answer": ("the order's own answer: no consent", "odpowiedź w samym zamówieniu: brak zgody"),
        "order_event": ("concerns the same order", "dotyczy tego samego zamówienia"),
        "order_never": ("nothing else is known of the order", "o tym zamówieniu nie wiadomo nic więcej"),
    }
)


def evidence_of(event: Decided, ledger: Sequence[Entry], of_order: Sequence[Decided]) -> tuple[Evidence, ...]:
    """Never empty. `ledger`: the lines of the person's chain. `of_order`: all events of the event's order, itself among them."""
    known = [one for one in ledger if event.decided_at is None or one.recorded_at <= event.decided_at]
    transfer = _newest(known, (Matter.TRANSFER,))
    newsletter = _newest(known, (Matter.EMAIL, Matter.SMS))
    if event.reason is None:
        return transfer + newsletter or (_own(event),)
    if event.reason in ON_CONSENT:
        own = (_own(event, "own_answer"),) if event.reason is Reason.ORDER_NOT_CONSENTED else ()
        return own + (transfer or (Evidence(what="transfer_never"),))
    if event.reason in ON_NEWSLETTER:
        return newsletter or (Evidence(what="newsletter_never"),)
    if event.reason in ON_ORDER:
        others = [_own(one, "order_event") for one in of_order if one.event_id != event.event_id]
        return tuple(others) or (Evidence(what="order_never"),)
    return (_own(event),)


def _own(event: Decided, what: str = "own_event") -> Evidence:
    return Evidence(what=what, at=event.occurred_at, event_id=event.event_id, source=event.type)


def _newest(ledger: Sequence[Entry], matters: Sequence[Matter]) -> tuple[Evidence, ...]:
    """Of each matter the act that counts: the latest, and an ending one where two happened at once (R06)."""
    found = []
    for matter in matters:
        acts = [one for one in ledger if one.matter is matter]
        if acts:
            newest = max(acts, key=lambda one: (one.acted_at, one.kind not in (ActKind.OPT_IN, ActKind.GRANTED), one.number))
            what = f"{matter.value}_{newest.kind.value}"
            found.append(Evidence(what=what, at=newest.acted_at, event_id=newest.event_id, origin=origin_of(newest)))
    return tuple(found)
