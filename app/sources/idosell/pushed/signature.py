"""Is a push from the panel? Bearer token and HMAC-SHA256 over the raw body (contract 3.1), both in constant time."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

_PREFIX = "sha256="


def bearer(headers: Mapping[str, str]) -> str:
    """The token of `Authorization: Bearer …`; empty if there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_known(said: str, known: Sequence[str]) -> bool:
    """Is it one of these secrets? All are compared, so the time tells nothing. An empty one is nobody's."""
    matches = [hmac.compare_digest(said.encode(errors="replace"), one.encode()) for one in known if one]
    return bool(said) and any(matches)


def is_signed(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Was the body signed with one of these secrets? Hex in any case, with or without `sha256=` (contract 5, point 28)."""
    said = signature.strip().lower().removeprefix(_PREFIX).encode(errors="replace")
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(), said)
        for secret in secrets
        if secret
    ]
    return any(matches)


def is_genuine(headers: Mapping[str, str], body: bytes, tokens: Sequence[str], secrets: Sequence[str]) -> bool:
    """Token and signature; the token alone where the merchant gave the webhook no secret. `headers` have lower-case names."""
    has_token = is_known(bearer(headers), tokens)
    if not any(secrets):
        return has_token
    return is_signed(body, headers.get("x-iai-signature", ""), secrets) and has_token
