"""What must not stand in logs and traces: addresses and phone numbers that slipped into other people's words."""

import re

_ADDRESS = re.compile(r"[^\s\"'<>,;:=@]+@[^\s\"'<>,;@]+")
_PHONE = re.compile(r"\+\d{7,15}")


def redacted(text: str) -> str:
    return _PHONE.sub("<phone>", _ADDRESS.sub("<address>", text))
