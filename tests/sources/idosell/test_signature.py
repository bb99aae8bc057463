"""Who may push: token and HMAC over the raw body (contract 3.1; R80)."""

import hashlib
import hmac

import pytest

from app.sources.idosell.pushed.signature import bearer, is_genuine, is_known, is_signed

BODY = b'{"results":[{"clientId":1024}]}'
SECRET = "secret-hmac-key"
TOKEN = "authentication-bearer-token"
# Computed apart from our code: openssl dgst -sha256 -hmac secret-hmac-key
SIGNATURE = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


def headers(token: str = TOKEN, signature: str = SIGNATURE) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "x-iai-signature": signature}


def test_r80_token_and_signature_over_the_raw_body_are_believed() -> None:
    assert is_genuine(headers(), BODY, [TOKEN], [SECRET])


@pytest.mark.parametrize("written", [SIGNATURE.upper(), f"sha256={SIGNATURE}", f" {SIGNATURE} "])
def test_r80_hex_counts_in_any_case_and_with_a_prefix(written: str) -> None:
    assert is_signed(BODY, written, [SECRET])


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (headers(token="another"), BODY),
        (headers(token=""), BODY),
        (headers(signature="0" * 64), BODY),
        (headers(signature=""), BODY),
        (headers(signature="ą" * 64), BODY),
        (headers(), BODY + b" "),
        ({"x-iai-signature": SIGNATURE}, BODY),
    ],
)
def test_r80_a_wrong_token_signature_or_body_is_refused(said: dict[str, str], body: bytes) -> None:
    assert not is_genuine(said, body, [TOKEN], [SECRET])


def test_r80_two_tokens_and_two_secrets_live_while_one_takes_the_place_of_the_other() -> None:
    assert is_genuine(headers(), BODY, ["new-token", TOKEN], ["new-secret", SECRET])


def test_r80_without_a_secret_the_token_alone_is_needed() -> None:
    assert is_genuine({"authorization": f"bearer {TOKEN}"}, BODY, [TOKEN], [])
    assert not is_genuine({"authorization": "bearer x"}, BODY, [TOKEN], [])


def test_nobody_has_the_empty_token() -> None:
    assert not is_known("", ["", TOKEN])
    assert not is_genuine({}, BODY, [], [])


def test_another_scheme_carries_no_token() -> None:
    assert bearer({"authorization": f"Basic {TOKEN}"}) == ""
