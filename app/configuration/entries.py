"""Entries of the file of shops, and the rules that hold between their values."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from app.configuration.file_values import (
    HOST,
    LOCATION,
    NAME,
    CallbackSecret,
    Endpoint,
    Secret,
    SigningSecret,
    _parts,
)
from app.configuration.shop_parts import BackfillEntry, Networks, PanelEntry, SourceEntry, Strict
from app.domain.shops.masked_domains import normal_pattern
from app.domain.shops.shop import (
    EVENT_FIELDS,
    FIELDS,
    FREE_DETAILS,
    PERSON_FIELDS,
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, like "Europe"
        raise ValueError('name a time zone like "Europe/Warsaw"') from error
    return name


def _location(text: str) -> str:
    if not LOCATION.fullmatch(text):
        raise ValueError("3 to 36 characters of a-z, 0-9 and _, not beginning with a digit")
    return text


def _further_host(text: str) -> str:
    host = text.strip().lower().rstrip(".")
    if not HOST.fullmatch(host):
        raise ValueError('name a domain like "sklep.example.com", without "https://" and path')
    return host


def _cart_url(url: str) -> str:
    """An address of the shop's pages; what stands behind the question mark is the shop's business."""
    parts = _parts(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or url.count("{token}") != 1:
        raise ValueError('write an address with {token} in it: "https://sklep.example/basket?restore={token}"')
    return url


class AccountEntry(Strict):
    endpoint: Endpoint
    """The API's address, as SALESmanago shows it. `http://` only for loopback."""
    client_id: str = Field(min_length=1)
    """As SALESmanago shows it: Integration Center > API."""
    api_secret: Secret
    """The API's secret, as SALESmanago shows it."""
    owner: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    """E-mail address of the user of SALESmanago to whom contacts belong."""
    calls_per_second: float = Field(default=5.0, gt=0, le=1000)
    """The pace over all workers. SALESmanago documents no limit; after a complaint the gateway is slower for a while."""
    request_time_in_seconds: bool = False
    """Whether the account wants times of requests in seconds; milliseconds otherwise."""
    fan_out: Literal["all", "by_location"] = "all"
    """Whom a status from the account's callback reaches: every shop that knows the person, or only shops SALESmanago has the person
    from (R54)."""
    callback_secret: CallbackSecret | None = None
    """16 characters of `A-Z a-z 0-9`: opens the account's callback addresses, which reach every shop that knows the person."""
    callback_secrets: tuple[CallbackSecret, ...] = Field(default=(), max_length=2)
    """Two while one takes the place of the other; the first is the one that is printed."""
    callback_addresses: Networks = ()
    """Networks from which callbacks are believed; everywhere if empty. Behind a reverse proxy only with
    `GATEWAY_FORWARDED_ALLOW_IPS`."""


class ConsentsEntry(Strict):
    email: str | None = Field(default=None, min_length=1, max_length=255)
    """Sent as `consentDetails` with the true time of an act about the e-mail newsletter."""
    sms: str | None = Field(default=None, min_length=1, max_length=255)
    """The same of the SMS newsletter."""


class DoubleOptInEntry(Strict):
    enabled: bool = False
    """SALESmanago asks by mail before a subscription to the e-mail newsletter counts, unless the shop proves that the person
    confirmed it (`consent.confirmed`). In the account, *send e-mail with confirmation to added user* must be on."""
    email_id: str | None = Field(default=None, min_length=1, max_length=64)
    """Id of the confirmation mail in SALESmanago; without it, the account's own."""
    language: str | None = Field(default=None, pattern="^[A-Za-z]{2}$")
    """Language variant of that mail, such as `PL`."""


Property = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]


class ShopEntry(Strict):
    account: str
    """The account of this file that the shop's people go to."""
    host: str = Field(pattern=r"^[a-z0-9.-]+$")
    """The shop's domain: sent as `shopDomain`, and the end of tags of sources (R23)."""
    hosts: tuple[Annotated[str, AfterValidator(_further_host)], ...] = ()
    """Further domains, like `["www.sklep.example.com"]`. What carries a page of one of them is sent with that domain; `location`
    and tags stay the same."""
    location: Annotated[str, AfterValidator(_location)]
    """The shop's name inside SALESmanago: 3 to 36 characters of `a-z 0-9 _`, one per shop. **Never changes**: reports hang on it
    (R16)."""
    number: int = Field(ge=1)
    """The shop's number in the panel: the X of `salesmanago_shopX_…` (R30)."""
    policy: Literal["order_consent", "all_customers"]
    """Who is sent: who consented while placing an order, or everybody (R01, R02)."""
    integration_started_at: AwareDatetime
    """Orders placed before are never sent as purchases (R15)."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Europe/Warsaw"
    """The shop's clock: day and night of the first transfer, times in the panel and in lists."""
    country: str = Field(default="PL", pattern=r"^[A-Z]{2}$")
    """Where a phone number without country code belongs if the person's address names no country (R10)."""
    enabled: bool = True
    """`false`: its events are taken and held, and decided in order once it is enabled."""
    shadow: bool = False
    """`true`: decide and show, send nothing; also what was queued before stays. Erasures, and opt-outs of people SALESmanago knows
    from us, are sent all the same."""
    tag_conflicts: Literal["readd", "accept", "report"] = "readd"
    """When SALESmanago lost a tag the panel has: add it again (three times a day at most), accept it, or only report it (R26).
    `gateway conflicts` lists every loss."""
    mirror_conflicts: Literal["readd", "accept", "report"] = "readd"
    """When staff took a tag of SALESmanago off in the panel: put it back (once in 30 days, then report it), accept that, or only
    report it (R30). `gateway conflicts` lists what is reported."""
    propagate_unconfirmed_removals: bool = False
    """Whether opt-outs of people whom staff removed are sent (R52)."""
    block_masked_addresses: bool = True
    """Whether people behind the masked address of a known marketplace stay in the shop: Allegro, Amazon, eBay, Erli, Kaufland,
    Otto, Zalando, bol.com, Mirakl, Walmart, TikTok. Apple's private relay is no mask."""
    blocked_email_domains: tuple[Annotated[str, AfterValidator(normal_pattern)], ...] = ()
    """Further domains whose people stay in the shop: `"relay.example"` (with subdomains), `"relay.example.*"` (every ending),
    `"*.example.com"` (subdomains alone), or a whole address."""
    callback_secret: CallbackSecret | None = None
    """16 characters of `A-Z a-z 0-9`: opens this shop's own callback addresses (R53)."""
    callback_secrets: tuple[CallbackSecret, ...] = Field(default=(), max_length=2)
    """Two while one takes the place of the other; the first is the one that is printed."""
    callback_addresses: Networks = ()
    """Networks from which callbacks are believed; everywhere if empty."""
    signing_secret: SigningSecret | None = None
    """`whsec_…`: the shop's requests must then be signed after Standard Webhooks."""
    signing_secrets: tuple[SigningSecret, ...] = Field(default=(), max_length=2)
    """Two while one takes the place of the other; both are believed."""
    cart_url: Annotated[str, AfterValidator(_cart_url)] | None = None
    """Where a recovery link of the gateway leads, with `{token}` in it; for carts without a link of the shop."""
    consents: ConsentsEntry = ConsentsEntry()
    """See below."""
    double_opt_in: DoubleOptInEntry = DoubleOptInEntry()
    """See below."""
    fields: tuple[Literal[FIELDS], ...] | None = None  # type: ignore[valid-type]  # pydantic reads the tuple of names
    """Which fields of a person may travel; all if left out. What was sent before stays there. There are `first_name`, `last_name`,
    `company`, `gender`, `phone`, `street`, `postal_code`, `city`, `country`, `language`, `birth_date`, `customer_id`,
    `pickup_point`."""
    properties: dict[Property, str] = Field(default={}, max_length=50)
    """`{ NAME = "field" }`: properties of your own in SALESmanago that hold one of these fields."""
    event_details: dict[str, str] = Field(default={}, max_length=len(FREE_DETAILS))
    """`{ detail5 = "order_source" }`: details 2, 4 to 7 and 11 to 20 of events hold `order_id`, `order_source`, `pickup_point`,
    `currency`, `language`, `location` or `host`."""
    panel: PanelEntry = PanelEntry(kind="none")
    """See below."""
    source: SourceEntry = SourceEntry(kind="none")
    """See below."""
    backfill: BackfillEntry = BackfillEntry()
    """See below."""

    @model_validator(mode="after")
    def _mapping_fits(self) -> Self:
        for name, source in self.properties.items():
            if source not in PERSON_FIELDS:
                raise ValueError(
                    f"properties.{name}: no field of a person is called {source!r}; there are {', '.join(PERSON_FIELDS)}"
                )
            if name == "gender":
                raise ValueError("properties.gender: the gateway fills this one itself; choose another name")
            if self.fields is not None and source not in self.fields:
                raise ValueError(f"properties.{name}: {source} is not among `fields`, so it may not travel")
        for detail, source in self.event_details.items():
            if detail not in FREE_DETAILS:
                raise ValueError(f"event_details.{detail}: not free; free are {', '.join(FREE_DETAILS)}")
            if source not in EVENT_FIELDS:
                raise ValueError(f"event_details.{detail}: no such thing as {source!r}; there are {', '.join(EVENT_FIELDS)}")
            if self.fields is not None and source in FIELDS and source not in self.fields:
                raise ValueError(f"event_details.{detail}: {source} is not among `fields`, so it may not travel")
        return self

    @model_validator(mode="after")
    def _source_fits(self) -> Self:
        # Each platform has a way of its own to tell the consent box, beside the shop's own posts: the other's tells nothing.
        source, needs_box = self.source, self.policy == "order_consent" and self.source.consent_box != "rest"
        match source.kind:
            case "idosell":
                if source.scan and self.panel.kind != "idosell":
                    raise ValueError(_NO_PANEL)
                if needs_box and source.consent_box is None:
                    raise ValueError(_NO_BOX_OF_IDOSELL)
            case "woocommerce":
                if needs_box and source.consent_field is None:
                    raise ValueError(_NO_BOX_OF_WOOCOMMERCE)
            case "none":
                pass
            case _:
                assert_never(source.kind)
        return self


_NO_PANEL = 'source: the scan reads the panel\'s API; write [panel] with kind = "idosell", or source.scan = false'
_NO_BOX_OF_IDOSELL = (
    'policy "order_consent" sends people by the consent box of their order, and IdoSell shows that box in no webhook and in no '
    'answer of its API (R84): nobody would ever be sent. Say who tells it: source.consent_box = "webhook" if the panel posts '
    'it by the Webhooki "order_consent" (docs/start/idosell.md has the body to paste), "rest" if your shop posts its orders; '
    'or choose policy "all_customers".'
)
_NO_BOX_OF_WOOCOMMERCE = (
    'policy "order_consent" sends people by the consent box of their order: name the field of the order that keeps the answer, '
    'source.consent_field = "_marketing_consent", or choose policy "all_customers".'
)


class ShopsFile(Strict):
    accounts: dict[str, AccountEntry] = Field(min_length=1)
    shops: dict[str, ShopEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        mistakes = incoherences(self.accounts, {name: (shop.account, shop.location) for name, shop in self.shops.items()})
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self


def incoherences(accounts: Collection[str], shops: Mapping[str, tuple[object, object]]) -> list[str]:
    """What does not fit together, of the names of accounts and of each shop's (account, location)."""
    mistakes = [f"{name}: a name has lower-case letters, digits and -" for name in (*accounts, *shops) if not NAME.fullmatch(name)]
    locations: dict[tuple[object, object], str] = {}
    for name, (account, location) in shops.items():
        if account not in accounts:
            mistakes.append(f"shops.{name}.account: there is no account {account!r} in this file")
        taken = locations.setdefault((account, location), name)
        if taken != name:
            mistakes.append(f"shops.{name}.location: {location!r} is taken by shop {taken}; every shop needs its own (R16)")
    return mistakes
