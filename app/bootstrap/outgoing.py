"""What leaves the gateway beside SALESmanago's and the panels' clients: HTTP to addresses that shops choose, alarms."""

import ssl
from functools import cache

import httpx

from app.bootstrap.parts import Parts
from app.clients.alarm_webhook import AlarmWebhook
from app.configuration.settings import Settings
from app.services.health.alarm_telling import Tell


def to_anywhere_client(parts: Parts, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """For addresses that shops choose. No connection is kept: several names, each with its own proof, may live behind one."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return parts.client(timeout=timeout, trust_env=False, limits=limits, verify=authorities(trust_env=False))


@cache
def authorities(*, trust_env: bool) -> ssl.SSLContext:
    """Whom a certificate may be signed by. Read once per process: it takes longer than all the rest of a client."""
    return httpx.create_ssl_context(trust_env=trust_env)


def tellers(settings: Settings, http: httpx.AsyncClient) -> dict[str, Tell]:
    """Where alarms go beside the log, by channel."""
    found: dict[str, Tell] = {}
    if settings.alarm_webhook_url:
        found["webhook"] = AlarmWebhook(http, settings.alarm_webhook_url, settings.alarm_webhook_secret)
    if settings.mail is not None:
        from app.clients.alarm_email import AlarmEmail  # a library that few installations need

        found["email"] = AlarmEmail(settings.mail)
    return found
