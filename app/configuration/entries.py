"""Entries of the file of shops, and the rules that hold between their values."""

import re
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from app.configuration.file_values import (
    HOST,
    LOCATION,
    NAME,
    Address,
    CallbackSecret,
    Endpoint,
    Secret,
    SigningSecret,
    Token,
    _checked_signing_secret,
    _parts,
)
from app.domain.shops.masked_domains import normal_pattern
from app.domain.shops.shop import (
    EVENT_FIELDS,
    FIELDS,
    FREE_DETAILS,
    PERSON_FIELDS,
    BackfillSettings,
    BoxToldBy,
    Hours,
    ShopSource,
    SourceKind,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_control_signs(cls, said: Any) -> Any:
        texts = said if isinstance(said, list | tuple) else [said]
        if any(isinstance(text, str) and _CONTROL.search(text) for text in texts):
            raise ValueError("control characters are not allowed")
        return said


def _network(text: str) -> str:
    """A network, or an address as a network of one."""
    try:
        return str(ip_network(text.strip(), strict=True))
    except ValueError:
        raise ValueError('write an address or a network like "203.0.113.0/24"; the bits behind the prefix are zero') from None


Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(max_length=100)]


class AccountEntry(_Strict):
    endpoint: Endpoint
    client_id: str = Field(min_length=1)
    api_secret: Secret
    owner: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    calls_per_second: float = Field(default=5.0, gt=0, le=1000)
    request_time_in_seconds: bool = False
    fan_out: Literal["all", "by_location"] = "all"
    callback_secret: CallbackSecret | None = None
    callback_secrets: tuple[CallbackSecret, ...] = Field(default=(), max_length=2)
    callback_addresses: Networks = ()


class PanelEntry(_Strict):
    kind: Literal["idosell", "webhook", "none"]
    base_url: Address | None = None
    api_key: Secret | None = None
    version: Literal["v6", "v7", "v8"] = "v8"
    calls_per_second: float = Field(default=2.0, gt=0, le=100)
    allow_private_targets: bool = False
    webhook_url: Address | None = None
    webhook_secret: SigningSecret | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind != "none" and (self.base_url is None or self.api_key is None):
            raise ValueError(f'a panel of kind "{self.kind}" needs base_url and api_key')
        if self.kind == "webhook" and self.api_key is not None:
            _checked_signing_secret(self.api_key)
        if (self.webhook_url is None) != (self.webhook_secret is None):
            raise ValueError("webhook_url and webhook_secret belong together")
        return self


class SourceEntry(_Strict):
    kind: Literal["idosell", "woocommerce", "none"]
    panel: int | None = Field(default=None, ge=1)
    tokens: tuple[Token, ...] = Field(default=(), max_length=2)
    secrets: tuple[Token, ...] = Field(default=(), max_length=2)
    addresses: Networks = ()
    scan: bool = True
    calls_per_day: int = Field(default=ShopSource.calls_per_day, ge=500)
    consent_box: Literal["webhook", "rest"] | None = None
    consent_field: str | None = Field(default=None, min_length=1, max_length=255)
    newsletter_field: str | None = Field(default=None, min_length=1, max_length=255)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "idosell" and self.panel is None:
            raise ValueError("panel: the number of the panel is needed; it is shown beside the webhooks, and by `gateway connect`")
        if self.kind == "idosell" and not self.tokens and not self.scan:
            raise ValueError("without tokens no webhook is believed, and without scan nobody asks: the shop would tell nothing")
        if self.kind == "woocommerce" and not self.secrets:
            raise ValueError("secrets: WooCommerce signs with the secret of its webhook; name it here")
        return self

    def to_domain(self, shop_name: str) -> ShopSource:
        return ShopSource(
            kind=SourceKind(self.kind),
            name={"idosell": str(self.panel), "woocommerce": shop_name}.get(self.kind, ""),
            scan=self.scan,
            calls_per_day=self.calls_per_day,
            consent_box=BoxToldBy(self.consent_box or "nobody"),
            consent_field=self.consent_field,
            newsletter_field=self.newsletter_field,
            addresses=self.addresses,
        )


class HoursEntry(_Strict):
    contacts_per_hour: int = Field(gt=0, le=10_000_000)


class DayEntry(HoursEntry):
    start: str = Field(default="07:00", alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(default="22:00", alias="to", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")

    @model_validator(mode="after")
    def _has_a_night(self) -> Self:
        if self.start == self.end:
            raise ValueError('a day that ends when it begins has no night; give "from" and "to" of one day')
        return self


class BackfillEntry(_Strict):
    start: Literal["automatic", "approved"] = "approved"
    canary: int = Field(default=BackfillSettings.canary, ge=1, le=1000)
    day: DayEntry = DayEntry(contacts_per_hour=BackfillSettings.day.contacts_per_hour)
    night: HoursEntry = HoursEntry(contacts_per_hour=BackfillSettings.night.contacts_per_hour)

    def to_domain(self) -> BackfillSettings:
        return BackfillSettings(
            automatic=self.start == "automatic",
            canary=self.canary,
            day=Hours(**self.day.model_dump()),
            night=Hours(**self.night.model_dump()),
        )


class ConsentsEntry(_Strict):
    email: str | None = Field(default=None, min_length=1, max_length=255)
    sms: str | None = Field(default=None, min_length=1, max_length=255)


Property = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]


class ShopEntry(_Strict):
    account: str
    host: str = Field(pattern=r"^[a-z0-9.-]+$")
    hosts: tuple[Annotated[str, AfterValidator(_further_host)], ...] = ()
    location: Annotated[str, AfterValidator(_location)]
    number: int = Field(ge=1)
    policy: Literal["order_consent", "all_customers"]
    integration_started_at: AwareDatetime
    time_zone: Annotated[str, AfterValidator(_zone)] = "Europe/Warsaw"
    country: str = Field(default="PL", pattern=r"^[A-Z]{2}$")
    enabled: bool = True
    shadow: bool = False
    tag_conflicts: Literal["readd", "accept", "report"] = "readd"
    propagate_unconfirmed_removals: bool = False
    block_masked_addresses: bool = True
    blocked_email_domains: tuple[Annotated[str, AfterValidator(normal_pattern)], ...] = ()
    callback_secret: CallbackSecret | None = None
    callback_secrets: tuple[CallbackSecret, ...] = Field(default=(), max_length=2)
    callback_addresses: Networks = ()
    signing_secret: SigningSecret | None = None
    signing_secrets: tuple[SigningSecret, ...] = Field(default=(), max_length=2)
    cart_url: Annotated[str, AfterValidator(_cart_url)] | None = None
    consents: ConsentsEntry = ConsentsEntry()
    fields: tuple[Literal[FIELDS], ...] | None = None  # type: ignore[valid-type]  # pydantic reads the tuple of names
    properties: dict[Property, str] = Field(default={}, max_length=50)
    event_details: dict[str, str] = Field(default={}, max_length=len(FREE_DETAILS))
    panel: PanelEntry = PanelEntry(kind="none")
    source: SourceEntry = SourceEntry(kind="none")
    backfill: BackfillEntry = BackfillEntry()

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
        source = self.source
        if source.kind == "idosell" and source.scan and self.panel.kind != "idosell":
            raise ValueError('source: the scan reads the panel\'s API; write [panel] with kind = "idosell", or source.scan = false')
        # Each platform has a way of its own beside the shop's own posts: the other's tells nothing.
        ways = {"idosell": source.consent_box, "woocommerce": source.consent_field}
        is_told = source.consent_box == "rest" or ways.get(source.kind, "") is not None
        if self.policy == "order_consent" and not is_told:
            raise ValueError(_NO_BOX[source.kind])
        return self


_NO_BOX = {
    "idosell": (
        'policy "order_consent" sends people by the consent box of their order, and IdoSell shows that box in no webhook and in no '
        'answer of its API (R84): nobody would ever be sent. Say who tells it: source.consent_box = "webhook" if the panel posts '
        'it by the Webhooki "order_consent" (docs/start/idosell.md has the body to paste), "rest" if your shop posts its orders; '
        'or choose policy "all_customers".'
    ),
    "woocommerce": (
        'policy "order_consent" sends people by the consent box of their order: name the field of the order that keeps the answer, '
        'source.consent_field = "_marketing_consent", or choose policy "all_customers".'
    ),
}


class ShopsFile(_Strict):
    accounts: dict[str, AccountEntry] = Field(min_length=1)
    shops: dict[str, ShopEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        mistakes = [
            f"{name}: a name has lower-case letters, digits and -"
            for name in (*self.accounts, *self.shops)
            if not NAME.fullmatch(name)
        ]
        locations: dict[tuple[str, str], str] = {}
        for name, shop in self.shops.items():
            if shop.account not in self.accounts:
                mistakes.append(f"shops.{name}.account: there is no account {shop.account!r} in this file")
            taken = locations.setdefault((shop.account, shop.location), name)
            if taken != name:
                mistakes.append(
                    f"shops.{name}.location: {shop.location!r} is taken by shop {taken}; every shop needs its own (R16)"
                )
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self
