"""Reading typed fields out of a JSON object. A null counts as a field left out."""

import re
from collections.abc import Mapping

from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"(?P<local>[^\s@,;:<>()\[\]\\\"]+)@(?:{_LABEL}\.)+{_LABEL}")
MAX_EMAIL, MAX_LOCAL_PART = 254, 64


def text(source: Mapping[str, object], key: str) -> str | None:
    """A string, or a number which becomes one. The empty string is a value: it overwrites."""
    value = source.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RefusalError(f"{key} must be a string")


def flag(source: Mapping[str, object], key: str) -> bool | None:
    value = source.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise RefusalError(f"{key} must be a boolean")


def integer(source: Mapping[str, object], key: str) -> int:
    value = source.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RefusalError(f"{key} must be an integer")


def mapping(source: Mapping[str, object], key: str) -> JsonObject:
    value = source.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise RefusalError(f"{key} must be an object")


def objects(source: Mapping[str, object], key: str) -> list[JsonObject]:
    value = source.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise RefusalError(f"{key} must be an array of objects")


def texts(source: Mapping[str, object], key: str) -> list[str]:
    value = source.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise RefusalError(f"{key} must be an array of strings")


def email_key(written: str) -> str:
    """The form under which an e-mail address is remembered."""
    return written.strip().lower()


def email(source: Mapping[str, object], key: str = "email") -> str:
    """A valid e-mail address in its key form."""
    written = text(source, key)
    if not written or not written.strip():
        raise RefusalError("No email specified")
    address = email_key(written)
    match = _EMAIL.fullmatch(address)
    if match is None or len(address) > MAX_EMAIL or len(match["local"]) > MAX_LOCAL_PART:
        raise RefusalError(f"Invalid {key}")
    return address
