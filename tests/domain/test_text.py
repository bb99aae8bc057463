"""Cuts between signs, and caches that keep no long text."""

import re
from collections.abc import Callable
from pathlib import Path
from types import BuiltinMethodType

import pytest

from app.domain import tags
from app.domain.text import LONGEST_REMEMBERED, counted_in_english, counted_in_polish, remembered, whole_signs, within_bytes
from app.formats import contact_values


def test_a_remembered_function_is_asked_once_for_a_short_text_and_every_time_for_a_long_one() -> None:
    asked: list[str] = []

    @remembered(10)
    def upper(text: str, more: str = "") -> str:
        asked.append(text)
        return (text + more).upper()

    long = "x" * 257
    assert LONGEST_REMEMBERED == 256
    assert [upper("a"), upper("a"), upper("a", "b"), upper("a", more="b")] == ["A", "A", "AB", "AB"]
    assert [upper(long), upper(long), upper("a", long)] == [long.upper(), long.upper(), ("a" + long).upper()]
    assert asked == ["a", "a", "a", long, long, "a"]
    assert kept_by(upper) == 2


def test_texts_that_are_as_many_as_one_likes_are_remembered_together() -> None:
    asked: list[tuple[str, ...]] = []

    @remembered(10)
    def joined(*texts: str) -> str:
        asked.append(texts)
        return "".join(texts)

    half = "x" * (LONGEST_REMEMBERED // 2)
    for texts in ((), ("a",), ("a", "b"), ("ab",), (half, half), (half, half, "x")):
        assert joined(*texts) == joined(*texts) == "".join(texts)
    assert asked == [(), ("a",), ("a", "b"), ("ab",), (half, half), (half, half, "x"), (half, half, "x")]


def test_a_text_of_256_characters_is_the_longest_that_is_remembered() -> None:
    @remembered(10)
    def upper(text: str) -> str:
        return text.upper()

    @remembered(10)
    def joined(text: str, more: str) -> str:
        return text + more

    longest = "x" * 256
    assert [upper(longest), upper(longest), upper(longest + "x")] == ["X" * 256, "X" * 256, "X" * 257]
    assert [joined(longest[1:], "y"), joined(longest[1:], "y"), joined(longest, "y")] == ["x" * 255 + "y"] * 2 + ["x" * 256 + "y"]
    assert (kept_by(upper), kept_by(joined)) == (1, 1)


def test_no_more_texts_are_remembered_than_was_said() -> None:
    @remembered(10)
    def upper(text: str) -> str:
        return text.upper()

    for number in range(100):
        assert [upper(f"a{number}"), upper(f"a{number}"), upper("often")] == [f"A{number}", f"A{number}", "OFTEN"]
        assert kept_by(upper) <= 10


def test_what_cannot_be_answered_is_not_remembered() -> None:
    asked: list[str] = []

    @remembered(10)
    def refused(text: str) -> str:
        asked.append(text)
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            refused("a")
    assert asked == ["a", "a"]
    assert kept_by(refused) == 0


def kept_by(function: Callable[..., object]) -> int:
    """How many answers a remembered function keeps."""
    if isinstance(function, BuiltinMethodType):  # of one text
        assert isinstance(function.__self__, dict)
        return len(function.__self__)
    number: int = function.cache_info().currsize  # type: ignore[attr-defined]
    return number


@pytest.mark.parametrize(
    "function", [tags.canonical, tags.word, tags.outgoing_text, tags.to_upstream, tags.as_stored, tags._sections_of]
)
def test_m10_no_long_text_stays_in_a_cache_of_tags(function) -> None:  # type: ignore[no-untyped-def]
    before = kept_by(function)
    for number in range(100):
        function(f"{number}" + "ż" * 10_000)
    assert kept_by(function) <= before


def test_m10_no_long_text_stays_in_a_cache_of_numbers() -> None:
    before = kept_by(contact_values.e164)
    assert contact_values.e164("6" * 10_000, "PL") is None
    assert kept_by(contact_values.e164) == before


def test_m10_caches_keyed_by_text_are_bounded_in_bytes() -> None:
    """Elsewhere `lru_cache` may stand where no text of others is a key; each such place is named here."""
    allowed = {
        "app/domain/text.py": "what `remembered` is made of",
        "app/domain/shops/masked_domains.py": "patterns of the configuration",
        "app/domain/shops/senders.py": "networks of the configuration",
        "app/domain/tags.py": "single characters",
        "app/routers/events/fast/parser.py": "amounts: what is longer raises, and is not kept",
        "app/storage/engine/bulk.py": "our own statements",
        "app/storage/engine/dialect.py": "our own statements",
    }
    root = Path(__file__).parents[2]
    found = {str(path.relative_to(root)) for path in (root / "app").rglob("*.py") if re.search(r"\blru_cache\(", path.read_text())}
    assert found == set(allowed)


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("Buty", 10, "Buty"),
        ("Buty", 4, "Buty"),
        ("Buty", 2, "Bu"),
        ("e\u0301", 2, "e\u0301"),
        ("\u0301" * 10, 5, "\u0301" * 5),
        ("e\u0301e\u0301", 3, "e\u0301"),
        ("👩\u200d🚀👩\u200d🚀", 5, "👩\u200d🚀"),
        ("🇵🇱🇩🇪", 3, "🇵🇱"),
        ("🇵🇱🇩🇪", 2, "🇵🇱"),
        ("a👍🏽", 2, "a"),
        ("a👍🏻", 2, "a"),
        ("a👍🏿", 2, "a"),
        ("a🇦🇿", 2, "a"),
        ("ba🇵🇱", 2, "ba"),
        ("b🇵a", 2, "b🇵"),
        ("a🏴\U000e0020", 2, "a"),
        ("a🏴\U000e0070\U000e006c\U000e007f", 4, "a"),
        ("a" + "\u0301" * 10, 5, "a" + "\u0301" * 4),
    ],
)
def test_a_cut_leaves_whole_signs_unless_one_sign_alone_is_too_long(text: str, most: int, kept: str) -> None:
    assert whole_signs(text, most) == kept


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [("żółw", 7, "żółw"), ("żółw", 8, "żółw"), ("żółw", 5, "żó"), ("żółw", 1, ""), ("a👩\u200d🚀", 8, "a")],
)
def test_a_cut_in_bytes_leaves_whole_signs(text: str, most: int, kept: str) -> None:
    assert within_bytes(text, most) == kept


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *((0, "0 sklepów"), (1, "1 sklep"), (2, "2 sklepy"), (4, "4 sklepy"), (5, "5 sklepów"), (11, "11 sklepów")),
        *((12, "12 sklepów"), (14, "14 sklepów"), (21, "21 sklepów"), (22, "22 sklepy"), (112, "112 sklepów"), (124, "124 sklepy")),
    ],
)
def test_a_number_in_polish_has_the_noun_in_the_form_that_belongs_to_it(number: int, said: str) -> None:
    assert counted_in_polish(number, "sklep", "sklepy", "sklepów") == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 shops"), (1, "1 shop"), (2, "2 shops"), (21, "21 shops")])
def test_a_number_in_english_has_the_noun_in_the_form_that_belongs_to_it(number: int, said: str) -> None:
    assert counted_in_english(number, "shop", "shops") == said
