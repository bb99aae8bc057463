"""Access keys and what they open."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FULL = {"system": "r", "cms": "r", "crm": "rw", "oms": "r", "pim": "r"}
"""The rights which a gateway needs."""


@dataclass(frozen=True)
class Key:
    """One key of the panel: per area `r` or `rw`; an area left out is closed."""

    value: str = field(repr=False)
    areas: Mapping[str, str] = field(default_factory=lambda: dict(FULL))

    def opens(self, area: str, level: str) -> bool:
        return self.areas.get(area) in ("rw", level)


def matching(keys: Iterable[Key], sent: str) -> Key | None:
    return next((key for key in keys if hmac.compare_digest(key.value.encode(), sent.encode())), None)
