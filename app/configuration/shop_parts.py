"""Tables of a shop in the file of shops: its panel, its source, its first transfer."""

import re
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self, assert_never

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from app.configuration.file_values import Address, Secret, SigningSecret, Token, _checked_signing_secret
from app.domain.shops.shop import BackfillSettings, ConsentBoxSource, Hours, PanelKind, ShopSource, SourceKind

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

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


class PanelEntry(Strict):
    kind: Literal["idosell", "webhook", "none"]
    """`idosell`: the panel's Admin API. `webhook`: signed notices to the shop. `none`: what comes home is listed for a person."""
    base_url: Address | None = None
    """Needed unless `kind = "none"`. Of a panel its host, of a webhook the address to post to."""
    api_key: Secret | None = None
    """Needed unless `kind = "none"`. Of a panel a key with CRM read and write, OMS, PIM, CMS and SYSTEM read; of a webhook
    `whsec_…`, which signs."""
    version: Literal["v6", "v7", "v8"] = "v8"
    """Version of the Admin API."""
    calls_per_second: float = Field(default=2.0, gt=0, le=100)
    """Calls to the panel; one at a time, whichever shop of the panel it is for."""
    allow_private_targets: bool = False
    """Whether notices may go to private and loopback addresses."""
    webhook_url: Address | None = None
    """Beside `idosell`: where notices go about people without account, whom the panel's API cannot write (R56)."""
    webhook_secret: SigningSecret | None = None
    """`whsec_…`: signs those notices."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if PanelKind(self.kind).is_called and (self.base_url is None or self.api_key is None):
            raise ValueError(f'a panel of kind "{self.kind}" needs base_url and api_key')
        match self.kind:
            case "webhook":
                if self.api_key is not None:
                    _checked_signing_secret(self.api_key)
            case "idosell" | "none":
                pass
            case _:
                assert_never(self.kind)
        if (self.webhook_url is None) != (self.webhook_secret is None):
            raise ValueError("webhook_url and webhook_secret belong together")
        return self


class SourceEntry(Strict):
    kind: Literal["idosell", "woocommerce", "none"]
    """The platform; `none` for a shop that posts its events itself."""
    panel: int | None = Field(default=None, ge=1)
    """IdoSell: the number of the panel, shown beside its webhooks and by `gateway connect idosell`."""
    tokens: tuple[Token, ...] = Field(default=(), max_length=2)
    """IdoSell: what its webhooks carry, at least 16 random characters. Two while you change it."""
    secrets: tuple[Token, ...] = Field(default=(), max_length=2)
    """The webhook's signing secret: of IdoSell if you gave it one, of WooCommerce always. Two while you change it."""
    addresses: Networks = ()
    """Networks from which pushes are believed; everywhere if empty. Behind a reverse proxy only with `GATEWAY_FORWARDED_ALLOW_IPS`.
    """
    scan: bool = True
    """IdoSell: whether the panel is asked for what no push reported."""
    calls_per_day: int = Field(default=ShopSource.calls_per_day, ge=500)
    """IdoSell: the scans rest when so many calls were made in a day."""
    consent_box: Literal["webhook", "rest"] | None = None
    """IdoSell: who reports the consent box of an order, which the panel shows in no answer (R84). Needed with `order_consent`."""
    consent_field: str | None = Field(default=None, min_length=1, max_length=255)
    """WooCommerce: the order's field with the consent box. Needed with `order_consent`."""
    newsletter_field: str | None = Field(default=None, min_length=1, max_length=255)
    """WooCommerce: the order's field with the newsletter box."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        match self.kind:
            case "idosell":
                if self.panel is None:
                    raise ValueError(
                        "panel: the number of the panel is needed; it is shown beside the webhooks, and by `gateway connect`"
                    )
                if not self.tokens and not self.scan:
                    raise ValueError(
                        "without tokens no webhook is believed, and without scan nobody asks: the shop would tell nothing"
                    )
            case "woocommerce":
                if not self.secrets:
                    raise ValueError("secrets: WooCommerce signs with the secret of its webhook; name it here")
            case "none":
                pass
            case _:
                assert_never(self.kind)
        return self

    def name_of(self, shop_name: str) -> str:
        """How the source is called in the address."""
        match self.kind:
            case "idosell":
                return str(self.panel)
            case "woocommerce":
                return shop_name
            case "none":
                return ""
            case _:
                assert_never(self.kind)

    def to_domain(self, shop_name: str) -> ShopSource:
        return ShopSource(
            kind=SourceKind(self.kind),
            name=self.name_of(shop_name),
            scan=self.scan,
            calls_per_day=self.calls_per_day,
            consent_box=ConsentBoxSource(self.consent_box or "nobody"),
            consent_field=self.consent_field,
            newsletter_field=self.newsletter_field,
            addresses=self.addresses,
        )


class HoursEntry(Strict):
    contacts_per_hour: int = Field(gt=0, le=10_000_000)


class DayEntry(HoursEntry):
    start: str = Field(default="07:00", alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(default="22:00", alias="to", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")

    @model_validator(mode="after")
    def _has_a_night(self) -> Self:
        if self.start == self.end:
            raise ValueError('a day that ends when it begins has no night; give "from" and "to" of one day')
        return self


class BackfillEntry(Strict):
    start: Literal["automatic", "approved"] = "approved"
    """`approved`: after activation only the dry run is made, and `gateway backfill approve` begins. `automatic` begins at once,
    with the canary."""
    canary: int = Field(default=BackfillSettings.canary, ge=1, le=1000)
    """So many contacts first; the rest follows if SALESmanago refused none of them."""
    day: DayEntry = DayEntry(contacts_per_hour=BackfillSettings.day.contacts_per_hour)
    """`{ from = "07:00", to = "22:00", contacts_per_hour = 600 }`, on the shop's clock."""
    night: HoursEntry = HoursEntry(contacts_per_hour=BackfillSettings.night.contacts_per_hour)
    """`{ contacts_per_hour = 6000 }`: whatever the day is not."""

    def to_domain(self) -> BackfillSettings:
        return BackfillSettings(
            automatic=self.start == "automatic",
            canary=self.canary,
            day=Hours(**self.day.model_dump()),
            night=Hours(**self.night.model_dump()),
        )
