"""Addresses behind which a marketplace hides its buyer: no newsletter may or can reach a person there."""

import re
from functools import lru_cache

from app.domain.text import LONGEST_REMEMBERED

MASKED_DOMAINS = (
    "allegromail.*",  # Allegro: .pl and .com, orders from Czechia, Slovakia and Hungary as well
    "user.allegrogroup.pl",  # Allegro, before 2021
    "mail.erli.pl",
    "marketplace.amazon.*",
    "members.ebay.*",
    "kaufland-marktplatz.de",  # all countries of Kaufland
    "customer.otto.market",
    "pp-orders.zalan.do",  # Zalando
    "verkopen.bol.com",
    "notification.mirakl.net",  # marketplaces that run on Mirakl
    "relay.walmart.com",
    "scs.tiktokw.us",  # TikTok Shop
    "no-email@channelengine.com",  # filled in by a connector where the marketplace shows no address at all
)
"""What a shop need not list itself. Not in it: `privaterelay.appleid.com` and other services by which a person hides the own
address. They forward to a person who chose so, and who can resign there.
"""

_LABEL = r"[^.@]+"
_ENDING = rf"{_LABEL}(?:\.{_LABEL})?"
"""Of a country or two labels: `de`, `co.uk`, `com.be`."""

_PATTERN = re.compile(r"(?:[^@\s*]+@)?(?:\*\.)?[\w-]+(?:\.[\w-]+)*(?:\.\*)?", re.IGNORECASE)


def normal_pattern(text: str) -> str:
    """A pattern as it is stored. Raises `ValueError` with what is wrong and a right one."""
    pattern = text.strip().removeprefix("@").rstrip(".").casefold()
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(
            f'{text!r} is no domain: write one like "allegromail.pl" (its subdomains belong to it), "marketplace.amazon.*" '
            'for every ending, "*.example.com" for the subdomains alone, or a whole address'
        )
    return pattern


def is_masked(email: str, patterns: tuple[str, ...]) -> bool:
    """Does the address belong to one of the domains, or to a subdomain of one? In any letter case."""
    return _compiled(patterns).covers(email.casefold())


class _Compiled:
    """Patterns of a shop. Few domains have most of its customers, so what was found of a domain is remembered."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        plain = [pattern.strip().removeprefix("@").rstrip(".").casefold() for pattern in patterns]
        self._domains = re.compile("|".join(_expression(one) for one in plain if "@" not in one) or _NOTHING)
        self._addresses = re.compile("|".join(_expression(one) for one in plain if "@" in one) or _NOTHING)
        self._found: dict[str, bool] = {}

    def covers(self, email: str) -> bool:
        domain = email[email.rfind("@") :]
        found = self._found.get(domain)
        if found is None:
            found = self._domains.search(domain) is not None
            if len(self._found) < _DOMAINS_REMEMBERED and len(domain) <= LONGEST_REMEMBERED:
                self._found[domain] = found
        return found or self._addresses.match(email) is not None


_NOTHING = r"(?!)"
_DOMAINS_REMEMBERED = 4_096


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> _Compiled:
    return _Compiled(patterns)


def _expression(pattern: str) -> str:
    local, at, domain = pattern.rpartition("@")
    if at:
        return rf"{re.escape(local)}@{_domain(domain)}\Z"
    if domain.startswith("*."):
        return rf"[@.]{_LABEL}\.{_domain(domain[2:])}\Z"
    return rf"[@.]{_domain(domain)}\Z"


def _domain(domain: str) -> str:
    return re.escape(domain[:-2]) + rf"\.{_ENDING}" if domain.endswith(".*") else re.escape(domain)
