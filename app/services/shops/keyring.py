"""Secrets at rest: a Fernet key ring, newest key first; older keys still open what they closed."""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.domain.errors import BadConfiguration

_FEWEST_BYTES = 12
"""Different ones among the 32 of a key: of random keys not one in a billion has fewer."""

PEPPER = "pseudonym_pepper"
"""The fact under which the secret of the pseudonyms is kept, encrypted."""


class KeyRing:
    """Raises `BadConfiguration` for keys that are none, and for ciphertext that no key of the ring opens."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._ring = MultiFernet([Fernet(key) for key in keys])
            self._newest = Fernet(keys[0])
        except ValueError as error:
            words = "is missing" if not keys else "holds something that is no key"
            raise BadConfiguration([f"GATEWAY_ENCRYPTION_KEYS {words}; make a key with: gateway keys encryption"]) from error

        if any(len(set(urlsafe_b64decode(key))) < _FEWEST_BYTES for key in keys):
            raise BadConfiguration(["GATEWAY_ENCRYPTION_KEYS: a key that can be guessed; make one with: gateway keys encryption"])
        self.fingerprint = fingerprint_of(keys[0])
        self.has_older_keys = len(set(keys)) > 1

    def close(self, secret: str) -> str:
        return self._ring.encrypt(secret.encode()).decode()

    def open(self, closed: str) -> str:
        try:
            return self._ring.decrypt(closed.encode()).decode()
        except InvalidToken as error:
            raise BadConfiguration(
                ["GATEWAY_ENCRYPTION_KEYS: no key of the ring opens the stored secrets; add the key that was used before"]
            ) from error

    def closed_anew(self, closed: str) -> str | None:
        """The same secret under the newest key; None if it is under that one already."""
        try:
            self._newest.decrypt(closed.encode())
        except InvalidToken:
            return self.close(self.open(closed))
        return None

    def is_newest_of(self, stored: str, fresh: str) -> bool:
        """Do both hold the same secret, and is the stored one under the newest key?"""
        try:
            return self._newest.decrypt(stored.encode()) == self._newest.decrypt(fresh.encode())
        except InvalidToken:
            return False

    def sealed(self, content: bytes, at: datetime) -> str:
        """A token that only we can make and read, and that knows when it was made. Without padding, for addresses."""
        return self._ring.encrypt_at_time(content, int(at.timestamp())).decode().rstrip("=")

    def unsealed(self, token: str, lasts: timedelta, at: datetime) -> bytes | None:
        """What stands in a token; None if it is none of ours, or too old."""
        try:
            padded = token + "=" * (-len(token) % 4)
            return self._ring.decrypt_at_time(padded.encode(), int(lasts.total_seconds()), int(at.timestamp()))
        except (InvalidToken, ValueError):
            return None


def fingerprint_of(key: str) -> str:
    """Distinguishes keys without revealing them: eight hex digits of a hash over 256 random bits."""
    return hashlib.sha256(b"fingerprint " + key.encode()).hexdigest()[:8]


class Pseudonyms:
    """Keyed hashes of addresses: they recognise a person again without naming them."""

    def __init__(self, pepper: str) -> None:
        self._keyed = hmac.new(pepper.encode(), digestmod="sha256")

    def __call__(self, shop_id: str, email: str) -> str:
        keyed = self._keyed.copy()  # to begin with the key takes longer than the rest
        keyed.update(f"{shop_id}\n{email}".encode())
        return keyed.hexdigest()
