"""What each side holds of a person: what was sent to SALESmanago, what it showed, and what the shop has."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from app.domain.consent import Status, TimedStatus
from app.domain.panel_tags import PanelTags
from app.domain.values import value


@value()
class SentState:
    """What SALESmanago will hold once every queued command has arrived. No address = it does not know the person from us."""

    email: str | None = None
    profile: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, bool] = field(default_factory=dict)
    """Canonical tag -> did we last add (True) or remove (False) it; missing = we never spoke of it."""
    email_news: TimedStatus | None = None
    phone_news: TimedStatus | None = None
    email_asked_at: datetime | None = None
    """The subscription for which SALESmanago was asked to send the confirmation e-mail (B6)."""


@value()
class ObservedTag:
    text: str
    points: int
    here: bool = True
    """False: SALESmanago showed it earlier and shows it no more."""


@value()
class Lost:
    """An `idosell_` tag that SALESmanago lost though the panel still has it (R26)."""

    since: datetime
    readded: int = 0
    """How often it was added again since then."""
    back: bool = False
    """It stands there again; remembered for the rest of its day, so that a tug of war is noticed."""


@value()
class ObservedStatus:
    """A newsletter status as SALESmanago shows it: first observed `since`, last observed `at`."""

    status: Status
    since: datetime
    at: datetime


@value()
class KeptBack:
    """An opt-in that was not sent because SALESmanago had a newer opt-out. It counts as sent, so it is not sent again."""

    sent: TimedStatus
    stood: TimedStatus
    """What SALESmanago held before: compared with it, the next poll finds the opt-out."""
    at: datetime
    """When the opt-out was shown."""


@value()
class Observed:
    """What SALESmanago showed at the last poll, or a callback said."""

    email_news: ObservedStatus | None = None
    phone_news: ObservedStatus | None = None
    tags: Mapping[str, ObservedTag] = field(default_factory=dict)
    """Canonical tag -> tag; only those that may travel to the panel."""
    tags_at: datetime | None = None
    lost: Mapping[str, Lost] = field(default_factory=dict)
    email_unexplained_since: datetime | None = None
    """A poll found a change that no callback has explained yet; one may still arrive."""
    email_refused: TimedStatus | None = None
    """SALESmanago refused the upsert with this status. It is not sent again; only a newer act is."""
    phone_refused: TimedStatus | None = None
    email_kept_back: KeptBack | None = None
    phone_kept_back: KeptBack | None = None
    email_disputed: bool = False
    """It keeps showing another status than the newest act of the person that we sent."""
    phone_disputed: bool = False
    created_at: datetime | None = None
    """When it made the contact that it showed."""


@value()
class TakenOff:
    """A tag of SALESmanago that was written to the panel, and that staff took off there (R30)."""

    since: datetime
    put_back_at: datetime | None = None
    left_off: bool = False
    """It is not written again; False: it was put back."""
    accepted: bool = False
    """The shop leaves that to its staff: nobody has to look at it."""


@value()
class ShopState:
    """What the shop's side holds once every queued command has arrived."""

    email_news: TimedStatus | None = None
    phone_news: TimedStatus | None = None
    tags: PanelTags | None = None
    email_opt_in_written: datetime | None = None
    """The act behind the last opt-in that was queued for the shop's side: what it shows may be that writing (R55)."""
    phone_opt_in_written: datetime | None = None
    taken_off: Mapping[str, TakenOff] = field(default_factory=dict)
    """Canonical tag -> what became of it, of those in `tags`."""
