"""Addresses: what the library says of a whole address is what we say of it in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import wire

_LOCALS = st.text("abzAZ09._+-", max_size=260) | st.text(max_size=4) | st.sampled_from(["", ".", "a..b", '"a b"', "a@b", "ż"])
_DOMAINS = st.sampled_from(
    [
        "wp.pl",
        "GMAIL.com",
        "żółw.pl",
        "xn--w-uga1v8h.pl",
        "localhost",
        "a..pl",
        "-a.pl",
        "a.pl.",
        "[127.0.0.1]",
        "",
        "a" * 63 + ".pl",
        ".".join(["abcdefgh"] * 27) + ".pl",
        "ż" * 57 + ".pl",
        "example.test",
        "a b.pl",
    ]
) | st.text("ab.-ż", max_size=8)


def _said(of: object, text: str) -> str:
    try:
        return str(of(text))  # type: ignore[operator]
    except ValueError:
        return "refused"


@given(_LOCALS, _DOMAINS, st.sampled_from(["", " ", "\n"]))
def test_an_address_in_parts_is_the_address_as_a_whole(local: str, domain: str, around: str) -> None:
    text = f"{around}{local}@{domain}{around}"
    assert _said(wire.email_address, text) == _said(wire._address, text.strip())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" Jan.Kowalski+Sklep@WP.pl ", "jan.kowalski+sklep@wp.pl"),
        ("jan@żółw.pl", "jan@xn--w-uga1v8h.pl"),
        ("a" * 248 + "@wp.pl", "a" * 248 + "@wp.pl"),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    assert wire.email_address(text) == kept


@pytest.mark.parametrize("text", ["", "@", "jan", "jan@", "@wp.pl", "jan@wp", "jan..k@wp.pl", ".jan@wp.pl", "a" * 249 + "@wp.pl"])
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        wire.email_address(text)
