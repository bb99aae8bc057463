"""Single values of the file of shops: what is accepted, and where a secret is read from."""

import os
import re
from base64 import b64decode
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
LOCATION = re.compile(r"[a-z_][a-z0-9_]{2,35}")
CALLBACK_SECRET = re.compile(r"[A-Za-z0-9]{16}")


def _secret(reference: str) -> str:
    """`env:NAME` or `file:/path`: a secret never stands in the file itself."""
    kind, _, where = reference.partition(":")
    if kind == "env" and where:
        if not (value := os.environ.get(where, "")):
            raise ValueError(f"the environment has no {where}")
        return value
    if kind == "file" and where:
        try:
            return Path(where).read_text().strip()
        except (OSError, ValueError):  # ValueError: bytes that are no text, of which nothing may be quoted
            raise ValueError(f"cannot read {where}") from None
    raise ValueError('write secrets as a reference: "env:NAME" or "file:/path"')


def _parts(url: str) -> SplitResult:
    """Empty parts for what no address can be: an impossible port, host or bracket."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        return urlsplit("") if parts.port == 0 else parts
    except ValueError:
        return urlsplit("")


def _endpoint(url: str) -> str:
    """https, or http for loopback; without a trailing slash."""
    parts = _parts(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('give an address like "https://app3.salesmanago.com"')
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("http:// is accepted for loopback addresses only; use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _address(url: str) -> str:
    """As `_endpoint`, but to the letter: a slash at the end may matter. Without name and password in it."""
    whole = url.strip() if "://" in url else f"https://{url.strip()}"
    _endpoint(whole)
    if "@" in urlsplit(whole).netloc:
        raise ValueError("no user or password in an address; the signature proves who is calling")
    return whole


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _callback_secret(reference: str) -> str:
    value = _secret(reference)
    if not CALLBACK_SECRET.fullmatch(value):
        raise ValueError("a callback secret has exactly 16 characters of A-Z a-z 0-9")
    return _not_weak(value)


_FEWEST_SIGNS = 6
_FEWEST_BYTES = 16


def _not_weak(secret: str) -> str:
    """No sixteen equal signs, and nothing that somebody typed to get past the length."""
    if len(set(secret)) < _FEWEST_SIGNS:
        raise ValueError("that secret can be guessed; make one with: openssl rand -hex 8")
    return secret


def _signing_secret(reference: str) -> str:
    return _checked_signing_secret(_secret(reference))


def _checked_signing_secret(value: str) -> str:
    try:
        Webhook(value)
        length = len(b64decode(value.removeprefix("whsec_") + "=="))  # without its padding too, as the library reads it
    except (ValueError, RuntimeError, EmptyWebhookSecretError) as error:
        raise ValueError('a signing secret is base64 with the prefix "whsec_"') from error
    if length < _FEWEST_BYTES:
        raise ValueError(f"a signing secret has at least {_FEWEST_BYTES} random bytes: whsec_ and then `openssl rand -base64 24`")
    return value


Secret = Annotated[str, AfterValidator(_secret)]
SigningSecret = Annotated[str, AfterValidator(_signing_secret)]
CallbackSecret = Annotated[str, AfterValidator(_callback_secret)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Address = Annotated[str, AfterValidator(_address)]


def _token(reference: str) -> str:
    value = _secret(reference)
    if len(value) < _SHORTEST_TOKEN or not value.isascii() or " " in value:
        raise ValueError(f"at least {_SHORTEST_TOKEN} random ASCII characters; `gateway connect` makes one")
    return _not_weak(value)


_SHORTEST_TOKEN = 16
Token = Annotated[str, AfterValidator(_token)]
