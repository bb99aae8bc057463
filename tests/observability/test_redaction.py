"""Addresses and numbers leave other people's words, at a cost that their length bounds."""

import re
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.transport import scrubbed
from app.formats.words import UNREADABLE, mended
from app.observability import redaction
from app.observability.logs import scrub
from app.observability.redaction import redacted, redacted_extract

PIECES = st.sampled_from(
    ["jan.kowalski@example.com", "+48600100200", "a", "@", " ", "x" * 50, "<", ">", ":", "=", ",", "\n", "é", "1"]
)
_BEFORE = re.compile(r"[^\s\"'<>,;:=@]+@[^\s\"'<>,;@]+")
"""As it was written first: quadratic, and what it finds is right."""


class Counting:
    """A pattern that writes down how much it was given to search."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.given = pattern, list[int]()

    def sub(self, by: str, text: str) -> str:
        self.given.append(len(text))
        return self.pattern.sub(by, text)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_linear_pattern_finds_what_the_quadratic_one_found(text: str) -> None:
    assert redaction._ADDRESS.sub("<address>", text) == _BEFORE.sub("<address>", text)


@pytest.mark.parametrize("word", ["a" * 2_000_000, "a." * 1_000_000, "+" * 2_000_000, "a@" * 500_000, '"' * 2_000_000])
def test_words_without_end_are_searched_once(word: str) -> None:
    """With the quadratic pattern this does not end."""
    assert redacted(word) == ("<address>@" * 250_000 if "@" in word else word)


@pytest.mark.parametrize("length", [60_000, 10_000_000])
def test_h1_a_long_refusal_is_cut_before_it_is_searched(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(redaction._ADDRESS)
    monkeypatch.setattr(redaction, "_ADDRESS", counting)
    assert len(scrubbed("x" * length)) == 300
    assert max(counting.given) <= 1000


@given(st.integers(0, 700), st.text(ascii_letters + " <@+1", max_size=400), st.sampled_from([" ", "<", ", ", ""]))
def test_h1_no_half_address_survives_the_cut(before: int, after: str, between: str) -> None:
    said = ("word " * 200)[:before] + between + "secret.person@secret.example" + " " + after
    assert "secret" not in redacted_extract(said, 300)


def test_h1_no_half_address_survives_where_many_whole_ones_made_the_text_shorter() -> None:
    for shift in range(30):
        said = "x" * shift + " " + ", ".join(["secret.person@secret.example"] * 100)
        assert "secret" not in redacted_extract(said, 300)


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_r73_mended_text_can_be_encoded_and_holds_no_control_sign(text: str) -> None:
    found = mended(text)
    found.encode()
    assert "\x00" not in found
    assert "\x1b" not in found
    assert len(found) == len(text)


def test_r73_a_sign_that_cannot_be_kept_leaves_a_mark_so_that_no_two_names_become_one() -> None:
    assert mended("VIP\ud83d") == "VIP" + UNREADABLE
    assert mended("jan@example.pl\x00") != "jan@example.pl"
    assert mended("Zażółć 😀\n") == "Zażółć 😀\n"


def test_r73_a_line_of_the_log_holds_nothing_a_terminal_obeys() -> None:
    line = scrub(None, "info", {"event": "said", "cause": "\x1b[2J jan@example.pl \ud83d", "contacts": 2})
    assert line == {"event": "said", "cause": f"{UNREADABLE}[2J <address> {UNREADABLE}", "contacts": 2}
