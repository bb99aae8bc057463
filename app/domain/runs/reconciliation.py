"""What a comparison of both sides finds: where SALESmanago or the panel does not hold what we believe it holds, and why.

A comparison reads; only a repair, which a person asks for, changes something. What it repairs is what we sent and is gone.
What somebody changed in SALESmanago on purpose (a status, the tags of sections) is no drift to be undone: there the usual poll
decides, by the usual rules.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain import tags
from app.domain.consent import Status, TimedStatus
from app.domain.decisions.changes.sent_state import digest_of_sent_state
from app.domain.decisions.changes.shop_changes import panel_tags
from app.domain.decisions.observations.mirrored import disputed
from app.domain.decisions.observations.tags import saw_tags
from app.domain.delivery.verify import RemoteContact
from app.domain.events import DriftFound, TagsObserved
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop
from app.domain.values import replace, value

SAMPLES = 5
REPAIRS_SAFELY = frozenset({tags.REGISTERED, tags.WHOLESALER, tags.NEWSLETTER})


class Cause(StrEnum):
    """What differs between the two sides."""

    MISSING_THERE = "missing_there"
    RENAME_NOT_TAKEN = "rename_not_taken"
    OUR_TAG_MISSING = "our_tag_missing"
    OUR_TAG_LEFT = "our_tag_left"
    STATUS_DIFFERS = "status_differs"
    POINTS_DIFFER = "points_differ"
    TAG_TAKEN_OFF = "tag_taken_off"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_CHANGED = "account_changed"


@value()
class Words:
    why: str
    repair: str
    why_pl: str
    repair_pl: str


WORDS: dict[Cause, Words] = {
    Cause.MISSING_THERE: Words(
        "The person was sent to SALESmanago, and the contact is not there; somebody deleted it.",
        "The contact is written again, without a newsletter status: only a new act of the person opts in.",
        "Osobę przekazano do SALESmanago, ale kontaktu już tam nie ma; ktoś go usunął.",
        "Kontakt zostanie zapisany ponownie, bez statusu newslettera: zapisać może tylko nowe działanie tej osoby.",
    ),
    Cause.RENAME_NOT_TAKEN: Words(
        "SALESmanago still has the person under the former address.",
        "The contact is renamed again.",
        "SALESmanago ma tę osobę wciąż pod poprzednim adresem.",
        "Adres kontaktu zostanie zmieniony jeszcze raz.",
    ),
    Cause.OUR_TAG_MISSING: Words(
        "A tag of ours that was sent is gone in SALESmanago.",
        "It is added again; of `idosell_` tags the shop's `tag_conflicts` decides.",
        "W SALESmanago brakuje naszego tagu, który został przekazany.",
        "Tag zostanie dodany ponownie; o tagach `idosell_` decyduje `tag_conflicts` sklepu.",
    ),
    Cause.OUR_TAG_LEFT: Words(
        "A tag of ours that was taken away still stands in SALESmanago.",
        "It is taken away again.",
        "W SALESmanago nadal jest nasz tag, który został usunięty.",
        "Tag zostanie ponownie usunięty.",
    ),
    Cause.STATUS_DIFFERS: Words(
        "SALESmanago shows another newsletter status than was sent last.",
        "It is decided as after any poll: an opt-out there is believed, an opt-in only after its own act.",
        "SALESmanago pokazuje inny status newslettera niż ostatnio przekazany.",
        "Rozstrzyga zwykłe sprawdzenie: rezygnacja jest uznawana od razu, zapis tylko po własnym działaniu osoby.",
    ),
    Cause.POINTS_DIFFER: Words(
        "Tags or points in SALESmanago are others than were written to the panel.",
        "They are written to the panel.",
        "Tagi lub punkty w SALESmanago są inne niż przekazane do panelu.",
        "Zostaną przekazane do panelu.",
    ),
    Cause.TAG_TAKEN_OFF: Words(
        "A tag of SALESmanago was taken off in the panel, as its tags were last read, and is not put back.",
        "It is written to the panel again.",
        "Tag z SALESmanago usunięto w panelu (według ostatniego odczytu tagów) i bramka go nie przywraca.",
        "Tag zostanie ponownie zapisany w panelu.",
    ),
    Cause.ACCOUNT_UNKNOWN: Words(
        "The panel has an account that the gateway does not know, and the shop's rules would send it.",
        "It is sent as the first transfer would have sent it.",
        "W panelu jest konto, którego bramka nie zna, a reguły sklepu pozwalają je przekazać.",
        "Zostanie wysłane tak jak przy pierwszym transferze.",
    ),
    Cause.ACCOUNT_CHANGED: Words(
        "The panel shows other data of an account than were sent to SALESmanago.",
        "The newer data are sent.",
        "Panel pokazuje inne dane konta niż przekazane do SALESmanago.",
        "Zostaną wysłane nowsze dane.",
    ),
}


class ReconciliationMode(StrEnum):
    """Only count differences, or also put them right."""

    PREVIEW = "preview"
    REPAIR = "repair"


class Phase(StrEnum):
    """What is compared at the moment."""

    CONTACTS = "contacts"
    ACCOUNTS = "accounts"
    FINISHED = "finished"


@value(kw_only=True)
class Reconciliation:
    """How far a comparison is, and what it found."""

    shop_id: str
    mode: ReconciliationMode
    token: str
    started_at: datetime
    due_at: datetime
    accounts_since: datetime | None
    """Accounts that changed since then are compared; None = all of them."""
    id: int = 0
    version: int = 0
    """How often it was stored: a writer must have read the newest."""
    phase: Phase = Phase.CONTACTS
    cursor: int = 0
    """Id of the last contact, then number of the panel's page."""
    checked: int = 0
    busy: int = 0
    """People of whom something was just on its way: they are compared the next time."""
    causes: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Cause -> a few ids: of contacts here, of accounts in the panel."""
    trouble: str = ""
    finished_at: datetime | None = None
    only: tuple[Cause, ...] = ()
    """Of a repair: the causes that somebody chose; empty = all."""

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.FINISHED

    @property
    def differences(self) -> int:
        return sum(self.causes.values())

    @property
    def repairs(self) -> frozenset[Cause]:
        """The causes that it puts right."""
        return frozenset(self.only or Cause) if self.mode is ReconciliationMode.REPAIR else frozenset()

    @property
    def left(self) -> Mapping[str, int]:
        """Cause -> number of differences that it did not put right."""
        return {cause: number for cause, number in self.causes.items() if Cause(cause) not in self.repairs}

    def event_id(self, kind: str, number: int) -> str:
        return f"reconcile-{self.token}-{kind}-{number}"


def last_over(runs: Sequence[Reconciliation]) -> Reconciliation | None:
    """Of a shop's comparisons, newest first: what it found is known until the next one is over."""
    return next((run for run in runs if run.is_over), None)


@value()
class Comparison:
    """One person on both sides. `drift` is what a repair would put into the inbox."""

    causes: tuple[Cause, ...] = ()
    drift: DriftFound | None = None


def chosen(comparison: Comparison, repairs: Collection[Cause]) -> DriftFound | None:
    """What a repair of these causes puts into the inbox of the person; None if there is nothing of them."""
    drift = comparison.drift
    if drift is None:
        return None
    of_contact = {Cause.MISSING_THERE, Cause.RENAME_NOT_TAKEN}.intersection(comparison.causes)
    if not of_contact.issubset(repairs):
        return None  # its tags cannot be put right before the contact itself
    missing = drift.missing if Cause.OUR_TAG_MISSING in repairs else ()
    left = drift.left if Cause.OUR_TAG_LEFT in repairs else ()
    off = drift.put_back if Cause.TAG_TAKEN_OFF in repairs else ()
    return replace(drift, missing=missing, left=left, put_back=off) if of_contact or missing or left or off else None


def compared(contact: Contact, shop: Shop, shown: RemoteContact | None, former: RemoteContact | None, at: datetime) -> Comparison:
    """`shown`: the person in SALESmanago; `former`: under a former address, if not under the present one."""
    if not contact.is_transferred or contact.erased or not contact.transfer.permits(shop.policy):
        return Comparison()  # who may not be sent need not be there
    if shown is None and former is None:
        return Comparison((Cause.MISSING_THERE,), DriftFound(at=at, email=contact.email, sent_digest=digest_of_sent_state(contact)))
    there = shown or former
    assert there is not None
    causes = [] if shown is not None else [Cause.RENAME_NOT_TAKEN]
    missing, left = _tags(contact, there)
    causes += [Cause.OUR_TAG_MISSING] * bool(missing) + [Cause.OUR_TAG_LEFT] * bool(left)
    if _differs(contact.sent_state.email_news, there.opted_out) or _differs(contact.sent_state.phone_news, there.opted_out_phone):
        causes.append(Cause.STATUS_DIFFERS)
    if shown is not None and _points_differ(contact, shop, shown, at):
        causes.append(Cause.POINTS_DIFFER)
    off = tuple(disputed(contact)) if shop.panel.kind.is_called else ()
    causes += [Cause.TAG_TAKEN_OFF] * bool(off)
    repairable = tuple(name for name in missing if name in REPAIRS_SAFELY)
    digest = digest_of_sent_state(contact)
    drift = DriftFound(
        at=at, email=contact.email, sent_digest=digest, known_as=there.email, missing=repairable, left=left, put_back=off
    )
    return Comparison(tuple(causes), drift if shown is None or repairable or left or off else None)


def _tags(contact: Contact, there: RemoteContact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags of ours that are gone, and tags of ours that are still there. Sections belong to SALESmanago once given (R30)."""
    present = {tags.canonical(tag) for tag in there.tags}
    ours = {
        name: here for name, here in contact.sent_state.tags.items() if name.startswith(tags.TO_UPSTREAM) or name in REPAIRS_SAFELY
    }
    missing = tuple(sorted(name for name, here in ours.items() if here and not tags.is_shown(name, present)))
    # What stands there without its letters may be another tag of ours, which belongs there.
    standing = present - {tags.as_stored(name) for name, here in ours.items() if here}
    # Without our prefix a tag may be somebody else's and was never sent from here (R23).
    left = (name for name, here in ours.items() if not here and tags.is_shown(name, standing) and name.startswith(tags.TO_UPSTREAM))
    return missing, tuple(sorted(left))


def _differs(sent: TimedStatus | None, shown_out: bool | None) -> bool:
    return sent is not None and shown_out is not None and (sent.status is Status.OPT_OUT) is not shown_out


def _points_differ(contact: Contact, shop: Shop, shown: RemoteContact, at: datetime) -> bool:
    if not shop.panel.kind.is_called:
        return False
    seen = saw_tags(TagsObserved(at=at, email=contact.email, tags=tuple(sorted(shown.tags.items()))), contact, shop)
    wanted = panel_tags(seen)
    return wanted != (contact.shop_state.tags or PanelTags(complete=wanted.complete))


def noted(run: Reconciliation, found: Sequence[tuple[Cause, str]], checked: int, busy: int = 0) -> Reconciliation:
    """The reconciliation with what a page brought: (cause, whom it concerns)."""
    causes, samples = dict(run.causes), dict(run.samples)
    for cause, whom in found:
        causes[cause] = causes.get(cause, 0) + 1
        if len(samples.get(cause, ())) < SAMPLES:
            samples[cause] = (*samples.get(cause, ()), whom)
    return replace(run, causes=causes, samples=samples, checked=run.checked + checked, busy=run.busy + busy, trouble="")


def finished(run: Reconciliation, at: datetime) -> Reconciliation:
    return replace(run, phase=Phase.FINISHED, finished_at=at)


NIGHTLY = timedelta(hours=20)
"""A shop is compared once a night: not again before so long has passed."""
