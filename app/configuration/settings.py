"""Settings of the process, read once from the environment (`GATEWAY_...`)."""

import re
from base64 import b64decode
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.configuration.control_socket import DEFAULT_DATABASE_URL, SQLITE, socket_of
from app.domain.operations.alarms import MailServer
from app.domain.operations.retention import Retention

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+").fullmatch
Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """Frozen; handed to those who need it. Shops and accounts are not here: they live in the TOML file of `gateway apply`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    database_url: str = DEFAULT_DATABASE_URL
    """One SQLite file, or `postgresql+asyncpg://user:password@host/name`."""
    encryption_keys: Annotated[tuple[str, ...], NoDecode] = ()
    """Fernet keys, newest first; older ones still open what they closed. `serve` does not start without one."""
    installation: str = Field(default="", max_length=64)
    """A name of this installation instead of the signs by which a copied database is noticed."""
    config: Path | None = None
    """A file of shops to apply at start."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen on."""
    worker_port: int = Field(default=0, ge=0, le=65535)
    """Where `gateway worker` answers `/healthz`, `/readyz` and `/metrics`; 0 = nowhere."""
    traces: bool = False
    """Spans of requests, deliveries and calls, as the variables of OpenTelemetry say (`OTEL_…`); needs the extra `otel`."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Logs go to standard error, as JSON when it is no terminal."""
    poll_seconds: float = Field(default=1.0, gt=0)
    """How often loops poll for work of which no signal came."""
    lease_seconds: float = Field(default=60.0, ge=2)
    """How long a worker that died holds what it was sending; a living one renews at a third."""
    cart_sweep_seconds: float = Field(default=30.0, gt=0)
    """How often carts that are due are searched for."""
    directory_seconds: float = Field(default=5.0, gt=0)
    """How soon a change of shops or keys made by another process counts here."""
    freshness_alarm_seconds: float = Field(default=600.0, gt=0)
    """Age of the oldest waiting event that makes a shop late (R11)."""

    scan_seconds: float = Field(default=900.0, gt=0)
    """How often a panel is asked for what no push reported: at most 20 minutes, or R11's promise is not kept without pushes."""
    pull_seconds: float = Field(default=300.0, gt=0)
    """How often SALESmanago is asked who changed: tags, points, statuses without callback."""
    sweep_seconds: float = Field(default=60.0, gt=0)
    """How often the next 50 of all contacts are read, for what does not count as a change in SALESmanago."""
    nightly_seconds: float = Field(default=600.0, gt=0)
    """How often it is asked whether a shop's night has begun, for its comparison and for the cleaning."""
    keep_content_days: float = Field(default=30.0, gt=0)
    """Payloads of sent events, commands, attempts and calls."""
    keep_parked_days: float = Field(default=90.0, gt=0)
    """Content of what nobody could deliver."""
    keep_events_days: float = Field(default=400.0, gt=0)
    """The line an event leaves, which recognises repetitions; never shorter than the content."""
    keep_strangers_days: float = Field(default=400.0, gt=0)
    """People who were never sent, and who resigned from nothing."""
    keep_requests_days: float = Field(default=7.0, gt=0)
    """What the door remembers of requests, for the shops' developers."""
    callback_grace_seconds: float = Field(default=120.0, ge=0)
    """How long a shop's own callback may be on its way before a poll speaks for every shop of the account."""
    receipt_alarm_seconds: float = Field(default=900.0, gt=0)
    """Age of a newsletter change still on its way to the shop that raises the alarm."""
    forwarded_allow_ips: Annotated[tuple[Network, ...], NoDecode] = ()
    """Proxies whose `X-Forwarded-For` says who calls: addresses and networks, separated by commas."""
    metrics_open_to: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks that read `/metrics` without an operator's key."""
    key_requests_per_minute: int = Field(default=0, ge=0)
    """Requests of one key, an item of a batch counts as one; 0 = as many as can be stored."""
    refusals_per_minute: int = Field(default=30, gt=0)
    """Wrong keys and forged callbacks of one address before it is answered 429; a valid key always passes."""
    alarm_webhook_url: str = ""
    """Where alarms are posted, beside the log; empty = nowhere."""
    alarm_webhook_secret: str = Field(default="", repr=False)
    """`whsec_…`: signs them after Standard Webhooks."""
    alarm_email_to: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses, separated by commas, that alarms are mailed to."""
    alarm_email_from: str = ""
    """The sender of these mails."""
    alarm_smtp_host: str = ""
    """The mail server that takes them."""
    alarm_smtp_port: int = Field(default=0, ge=0, le=65535)
    """0 = what the way of encryption usually has: 587, or 465 for `tls`."""
    alarm_smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only on this machine."""
    alarm_smtp_user: str = ""
    """Who signs in there; empty = nobody does."""
    alarm_smtp_password: str = Field(default="", repr=False)
    """Of the user."""
    public_url: str = ""
    """How SALESmanago reaches this gateway, for the callback addresses; the listening address if empty."""

    @property
    def base_url(self) -> str:
        """How others reach this gateway."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def mail(self) -> MailServer | None:
        """Where alarms are mailed; None = nowhere."""
        if not self.alarm_email_to:
            return None
        port = self.alarm_smtp_port or (465 if self.alarm_smtp_tls == "tls" else 587)
        signed_in = self.alarm_smtp_user, self.alarm_smtp_password
        return MailServer(self.alarm_smtp_host, port, self.alarm_email_from, self.alarm_email_to, self.alarm_smtp_tls, *signed_in)

    @model_validator(mode="after")
    def _mail_is_whole(self) -> "Settings":
        wrong = []
        if self.alarm_email_to and not self.alarm_smtp_host:
            wrong.append("GATEWAY_ALARM_SMTP_HOST is missing: which server takes the mails?")
        if self.alarm_email_to and not self.alarm_email_from:
            wrong.append("GATEWAY_ALARM_EMAIL_FROM is missing: from whom are the mails?")
        wrong += [f"{one}: no e-mail address" for one in (*self.alarm_email_to, self.alarm_email_from) if one and not _ADDRESS(one)]
        if self.alarm_smtp_tls == "none" and self.alarm_smtp_host not in ("", "localhost", "127.0.0.1", "::1"):
            wrong.append("GATEWAY_ALARM_SMTP_TLS: none only to a server on this machine; choose starttls or tls")
        if bool(self.alarm_smtp_user) != bool(self.alarm_smtp_password):
            missing = "PASSWORD" if self.alarm_smtp_user else "USER"
            wrong.append(f"GATEWAY_ALARM_SMTP_{missing} is missing: both, or neither")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def retention(self) -> Retention:
        content, parked = timedelta(days=self.keep_content_days), timedelta(days=self.keep_parked_days)
        return Retention(
            content=content,
            parked=parked,
            events=max(timedelta(days=self.keep_events_days), content, parked),
            never_sent=timedelta(days=self.keep_strangers_days),
            requests=timedelta(days=self.keep_requests_days),
        )

    @field_validator("alarm_webhook_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise ValueError("begin it with https:// (http:// only for this machine)")
        return value

    @field_validator("alarm_webhook_secret")
    @classmethod
    def _signing(cls, value: str) -> str:
        try:
            is_key = not value or bool(b64decode(value.removeprefix("whsec_") + "=="))
        except ValueError:
            is_key = False
        if not is_key:
            raise ValueError("a signing secret is base64 with the prefix whsec_")
        return value

    @field_validator("database_url")
    @classmethod
    def _asynchronous(cls, value: str) -> str:
        if not value.startswith((SQLITE, "postgresql+asyncpg://")):
            raise ValueError("begin it with sqlite+aiosqlite:/// or postgresql+asyncpg://")
        return value

    @field_validator("encryption_keys", "forwarded_allow_ips", "metrics_open_to", "alarm_email_to", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @property
    def control_socket(self) -> Path | None:
        """Where a running gateway takes commands."""
        return socket_of(self.database_url)
