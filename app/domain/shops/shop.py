"""A shop as the rules see it: its settings, nothing secret."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never
from urllib.parse import urlsplit

from app.domain.consent import Policy
from app.domain.shops.masked_domains import MASKED_DOMAINS, is_masked
from app.domain.values import value


class TagConflicts(StrEnum):
    """What to do when one side lost a tag that the other still has (R26, R30)."""

    READD = "readd"
    ACCEPT = "accept"
    REPORT = "report"


class FanOut(StrEnum):
    """Whom a change at an account reaches (R54): every shop that knows the person, or those SALESmanago has the person from."""

    ALL = "all"
    BY_LOCATION = "by_location"


@value(kw_only=True)
class Account:
    """A SALESmanago account; its secret is not part of it."""

    id: str
    endpoint: str
    client_id: str
    owner: str
    """E-mail of the SALESmanago user who owns the contacts."""
    calls_per_second: float = 5.0
    """SALESmanago documents no limit; the contract's safest default is 5 (U1)."""
    request_time_in_seconds: bool = False
    """The documentation says milliseconds, official clients send seconds (U2)."""
    fan_out: FanOut = FanOut.ALL
    callback_addresses: tuple[str, ...] = ()
    """Networks from which callbacks are believed; empty: from everywhere."""


class PanelKind(StrEnum):
    """How the shop's side is written to (decision 10)."""

    IDOSELL = "idosell"
    WEBHOOK = "webhook"
    NONE = "none"

    @property
    def lists_accounts(self) -> bool:
        """Its accounts can be read page by page: for the first transfer (R60) and for comparisons."""
        match self:
            case PanelKind.IDOSELL:
                return True
            case PanelKind.WEBHOOK | PanelKind.NONE:
                return False
            case _:
                assert_never(self)

    @property
    def needs_lock(self) -> bool:
        """One process at a time may call it (contract 1.7)."""
        match self:
            case PanelKind.IDOSELL:
                return True
            case PanelKind.WEBHOOK | PanelKind.NONE:
                return False
            case _:
                assert_never(self)

    @property
    def is_called(self) -> bool:
        """Tags and changes can be written there."""
        match self:
            case PanelKind.IDOSELL | PanelKind.WEBHOOK:
                return True
            case PanelKind.NONE:
                return False
            case _:
                assert_never(self)


@value(kw_only=True)
class Panel:
    """The shop's side behind one port; its key is not part of it."""

    kind: PanelKind = PanelKind.NONE
    base_url: str | None = None
    version: str = "v8"
    calls_per_second: float = 2.0
    allow_private_targets: bool = False
    """Notices may go to private and loopback addresses."""
    webhook_url: str | None = None
    """Where notices go about people whom the panel's API cannot write (R56)."""


class SourceKind(StrEnum):
    """Whose pushes and scans report what happens in the shop, beside what the shop posts itself."""

    NONE = "none"
    IDOSELL = "idosell"
    WOOCOMMERCE = "woocommerce"

    @property
    def pushes(self) -> bool:
        """A platform pushes to an address of its own here."""
        match self:
            case SourceKind.IDOSELL | SourceKind.WOOCOMMERCE:
                return True
            case SourceKind.NONE:
                return False
            case _:
                assert_never(self)

    @property
    def can_be_scanned(self) -> bool:
        """What no push reported can be read from the panel's API (R82)."""
        match self:
            case SourceKind.IDOSELL:
                return True
            case SourceKind.WOOCOMMERCE | SourceKind.NONE:
                return False
            case _:
                assert_never(self)


class ConsentBoxSource(StrEnum):
    """Who reports how the consent box of an order was answered, where the platform does not (R84)."""

    NOBODY = "nobody"
    WEBHOOK = "webhook"
    REST = "rest"


@value(kw_only=True)
class ShopSource:
    """How the shop's platform reports what happens (R80-R86); tokens and secrets are not part of it."""

    kind: SourceKind = SourceKind.NONE
    name: str = ""
    """In the address: the number of the panel, or the shop's own name."""
    scan: bool = True
    """Read from the panel's API what no push reported."""
    calls_per_day: int = 5_000
    """The scans of a panel rest when so many calls were made (contract 1.7: some panels pay for calls)."""
    consent_box: ConsentBoxSource = ConsentBoxSource.NOBODY
    consent_field: str | None = None
    """Of an order, in which a platform with fields of the shop's own keeps the answer to the consent box."""
    newsletter_field: str | None = None
    """The same of the newsletter box."""
    addresses: tuple[str, ...] = ()
    """Networks from which pushes are believed; empty: from everywhere."""

    @property
    def is_scanned(self) -> bool:
        return self.scan and self.kind.can_be_scanned


@value(kw_only=True)
class ConsentNames:
    """Consents as they are called in SALESmanago, where they must exist already (contract 2.12)."""

    email: str | None = None
    sms: str | None = None


@value(kw_only=True)
class DoubleOptIn:
    """Who subscribes to the e-mail newsletter is asked by SALESmanago, in a mail, before anything counts (B6; contract 5.3)."""

    enabled: bool = False
    email_id: str | None = None
    """Which mail of the account asks; None: the one set there."""
    language: str | None = None
    """In which language variant."""


@value(kw_only=True)
class Hours:
    """Pace of the first transfer in a part of the day, in the shop's time zone (R60)."""

    contacts_per_hour: int
    start: str | None = None
    """`HH:MM`; the night is whatever the day is not."""
    end: str | None = None


@value(kw_only=True)
class BackfillSettings:
    """How the first transfer goes: who starts it, whom it risks first, how fast by day and by night."""

    automatic: bool = False
    """Begin on activation with the canary; otherwise wait for a person after the dry run (R60)."""
    canary: int = 25
    """So many contacts first; the rest follows if SALESmanago refused none of them (R63)."""
    day: Hours = Hours(contacts_per_hour=600, start="07:00", end="22:00")
    night: Hours = Hours(contacts_per_hour=6000)


PERSON_FIELDS = (
    "first_name",
    "last_name",
    "company",
    "gender",
    "phone",
    "street",
    "postal_code",
    "city",
    "country",
    "language",
    "birth_date",
    "customer_id",
)
CLEARABLE_FIELDS = ("first_name", "last_name", "company", "phone")
"""Of them, what an account change can say is no more, beside the address: an empty text clears it in SALESmanago (contract 2).
Of birthday, language, gender and id nobody says that it does."""
FIELDS = (*PERSON_FIELDS, "pickup_point")
"""What a shop may keep from travelling. The address, the statuses and the events themselves are what a transfer is."""
EVENT_FIELDS = ("order_id", "order_source", "pickup_point", "currency", "language", "location", "host")
FREE_DETAILS = tuple(f"detail{number}" for number in (2, 4, 5, 6, 7, *range(11, 21)))
"""Details of events that the conventions of SALESmanago's own plugins leave free (contract 3.5)."""


@value(kw_only=True)
class Shop:
    id: str
    account: str
    host: str
    location: str
    """Stable short form of the shop's address, `^[a-z_][a-z0-9_]{2,35}$` (R16; contract 3.2)."""
    number: int
    """X of `salesmanago_shopX_` (R30)."""
    policy: Policy
    integration_started_at: datetime
    """Orders placed before are never sent as purchases (R15)."""
    time_zone: str = "Europe/Warsaw"
    country: str = "PL"
    """Where a phone number without country code belongs (R10)."""
    hosts: tuple[str, ...] = ()
    """Further domains of the shop (R16)."""
    enabled: bool = True
    shadow: bool = False
    """Decide and trace, send nothing."""
    tag_conflicts: TagConflicts = TagConflicts.READD
    """Of an `idosell_` tag that SALESmanago lost."""
    mirror_conflicts: TagConflicts = TagConflicts.READD
    """Of a tag of SALESmanago that staff took off in the panel."""
    propagate_unconfirmed_removals: bool = False
    block_masked_addresses: bool = True
    """Withhold people behind a known marketplace's masked address (`masked.MASKED_DOMAINS`): a newsletter reaches nobody there."""
    blocked_email_domains: tuple[str, ...] = ()
    """Patterns of further domains whose people are not sent."""
    callback_addresses: tuple[str, ...] = ()
    """Networks from which callbacks for this shop are believed; empty: from everywhere."""
    signed_requests: bool = False
    """The shop signs its requests (Standard Webhooks); an unsigned one is refused."""
    cart_url: str | None = None
    """Where a recovery link of ours leads, with `{token}` in it; for carts to which the shop gives no link."""
    consent_names: ConsentNames = ConsentNames()
    double_opt_in: DoubleOptIn = DoubleOptIn()
    fields: tuple[str, ...] | None = None
    """Names of `FIELDS` that may travel to SALESmanago; None: all of them (M5)."""
    properties: tuple[tuple[str, str], ...] = ()
    """(property in SALESmanago, field of the person it holds), C8."""
    event_details: tuple[tuple[str, str], ...] = ()
    """(`detail2` …, what of `EVENT_FIELDS` it holds), C8."""
    panel: Panel = Panel()
    source: ShopSource = ShopSource()
    backfill: BackfillSettings = BackfillSettings()

    def host_of(self, page: str | None) -> str:
        """The domain of the shop on which something happened, taken from a page's address; `host` if there is none (R16)."""
        if not self.hosts or not page:
            return self.host
        try:
            named = (urlsplit(page).hostname or "").rstrip(".")
        except ValueError:
            return self.host
        return named if named in self.hosts else self.host

    def lets_travel(self, name: str) -> bool:
        """May a field of the person, or of an order, be sent? (M5)"""
        return self.fields is None or name in self.fields

    def blocks(self, email: str) -> bool:
        """Is it an address behind which a marketplace hides the person, or of a domain the shop blocked?"""
        known = MASKED_DOMAINS if self.block_masked_addresses else ()
        return is_masked(email, (*known, *self.blocked_email_domains) if self.blocked_email_domains else known)
