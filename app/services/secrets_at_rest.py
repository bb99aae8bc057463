"""Secrets at rest: a Fernet key ring, newest key first; older keys still open what they closed."""

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.domain.errors import BadConfiguration


class KeyRing:
    """Raises `BadConfiguration` for keys that are none, and for ciphertext that no key of the ring opens."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._ring = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            words = "is missing" if not keys else "holds something that is no key"
            raise BadConfiguration([f"GATEWAY_ENCRYPTION_KEYS {words}; make a key with: gateway keys encryption"]) from error

    def close(self, secret: str) -> str:
        return self._ring.encrypt(secret.encode()).decode()

    def open(self, closed: str) -> str:
        try:
            return self._ring.decrypt(closed.encode()).decode()
        except InvalidToken as error:
            raise BadConfiguration(
                ["GATEWAY_ENCRYPTION_KEYS: no key of the ring opens the stored secrets; add the key that was used before"]
            ) from error


class Pseudonyms:
    """Keyed hashes of addresses: they recognise a person again without naming them."""

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()

    def __call__(self, shop_id: str, email: str) -> str:
        return hmac.new(self._pepper, f"{shop_id}\n{email}".encode(), hashlib.sha256).hexdigest()
