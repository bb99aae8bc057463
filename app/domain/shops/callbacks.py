"""Callbacks: is this SALESmanago speaking, and whom does it concern (R53-R55; contract 5.4)?"""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import unquote, unquote_plus

from app.domain.shops.shop import FanOut

NOBODYS_SECRET = "0" * 16
"""Takes the place of a secret that does not exist, so that the answer takes as long as for one that does."""


def signature(email: str, secret: str) -> str:
    """SHA-1 over address and secret, lower-case hex: SALESmanago's choice, not ours."""
    return hashlib.sha1(f"{email}{secret}".encode(), usedforsecurity=False).hexdigest()


def readings(raw: str) -> tuple[str, ...]:
    """What an address in a query may mean: a plus sign may have been encoded or not, letters may be of either case."""
    decoded = (unquote_plus(raw), unquote(raw))
    return tuple(dict.fromkeys(form for one in decoded for form in (one, one.lower())))


def verified(raw_email: str, key: str, secrets: Sequence[str]) -> str | None:
    """The address a key was made for, lower-cased; None if no reading and no secret fits.

    Every combination is tried, whatever came out before, so that time tells nothing.
    """
    given = key.strip().lower()
    found: str | None = None
    for secret in secrets or (NOBODYS_SECRET,):
        for email in readings(raw_email):
            fits = hmac.compare_digest(signature(email, secret).encode(), given.encode())
            if fits and secrets and found is None:
                found = email.strip().lower()
    return found


def reached(fan_out: FanOut, shop_ids: Collection[str], knowing: Mapping[str, bool]) -> tuple[str, ...]:
    """Which shops of an account a change concerns (R54). `knowing`: shop that knows the person -> do we send the person from it?

    Under `by_location` those SALESmanago has the person from. Where that leaves nobody, every shop that knows the person;
    where none does, every shop: a resignation must not be missed because the person is not known here.
    """
    located = [shop for shop in shop_ids if knowing.get(shop)] if fan_out is FanOut.BY_LOCATION else []
    return tuple(located or [shop for shop in shop_ids if shop in knowing] or shop_ids)
