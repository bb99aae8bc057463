"""Tags: which text travels, and when two texts mean one tag (R20-R29).

Text goes out as the shop wrote it. SALESmanago stores it folded (upper case, base letters, odd signs as `_`), so every
*comparison* here uses `canonical`, which is that same folding in lower case.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

TO_UPSTREAM = "idosell_"
"""Prefix of the shop's own tags in SALESmanago (R23, R24)."""

TO_PANEL = "salesmanago_"
"""Prefix of SALESmanago's tags in the panel (R30, R31)."""

REGISTERED = "rejestracja"
WHOLESALER = "wholesaler"
NEWSLETTER = "newsletter"

MAX_TAG_CHARS = 64
"""SALESmanago documents no limit; the contract's safest reading is 64 (U15)."""

# Letters that carry no combining mark, so Unicode decomposition leaves them whole.
_BASE_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE"})
_ODD_SIGN = re.compile(r"[^A-Z0-9_\-()\[\]{}]")
_SEPARATOR = re.compile(r"\s*,\s*")


# A shop has some hundreds of tags and says them all day long.
_REMEMBERED = 4_096


@lru_cache(_REMEMBERED)
def canonical(tag: str) -> str:
    """The form in which two tags are compared (R27; contract section 4).

    >>> canonical("Wiosna 2015"), canonical("brak_aktywności")
    ('wiosna_2015', 'brak_aktywnosci')
    """
    return folded(outgoing_text(tag))[:MAX_TAG_CHARS]


def folded(text: str) -> str:
    """SALESmanago's folding in lower case, of a text of any length."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_BASE_LETTERS))
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return _ODD_SIGN.sub("_", letters.upper()).lower()


@lru_cache(_REMEMBERED)
def outgoing_text(tag: str) -> str:
    """The text that is sent: trimmed, one space between words, commas (SALESmanago's separator) as `_`, at most 64 characters."""
    return _SEPARATOR.sub("_", " ".join(tag.split()))[:MAX_TAG_CHARS].strip()


@lru_cache(_REMEMBERED)
def to_upstream(panel_tag: str) -> str | None:
    """What a tag that staff put on a customer is called in SALESmanago; None if it must not travel (R24, R29)."""
    name = canonical(panel_tag)
    if not name.strip("_") or name.startswith(TO_PANEL):
        return None
    return outgoing_text(panel_tag if name.startswith(TO_UPSTREAM) else TO_UPSTREAM + panel_tag.strip())


def to_panel(upstream_tag: str, shop_number: int) -> str | None:
    """What a SALESmanago tag is called in the panel of shop X; None if it must not travel (R29, R30)."""
    name = canonical(upstream_tag)
    if not name.strip("_") or name.startswith((TO_UPSTREAM, TO_PANEL)):
        return None
    return f"{TO_PANEL}shop{shop_number}_{outgoing_text(upstream_tag).lower()}"


def section_tags(menu_paths: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Every segment of every menu path, each once, in the order of first appearance (R22).

    A segment that begins like one of the two prefixes would come back as something it is not (R29), so it is left out.
    """
    names = distinct(outgoing_text(segment) for path in menu_paths for segment in path)
    return tuple(name for name in names if not canonical(name).startswith((TO_UPSTREAM, TO_PANEL)))


def source_tag(source: str, shop_host: str) -> str | None:
    """Where the customer came from: `idosell_<source>_<shop host>` (R23); None without a source."""
    name = outgoing_text(source).lower().removeprefix(TO_UPSTREAM)
    return outgoing_text(f"{TO_UPSTREAM}{name}_{shop_host}") if name else None


def distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags without those whose canonical form came before, and without empty ones."""
    seen: dict[str, str] = {}
    for tag in tags:
        name = canonical(tag)
        if name.strip("_"):
            seen.setdefault(name, tag)
    return tuple(seen.values())


def collisions(tags: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of different panel tags that SALESmanago would store as one and the same tag (R27)."""
    groups: dict[str, list[str]] = {}
    for tag in dict.fromkeys(tags):
        if (outgoing := to_upstream(tag)) is not None:
            groups.setdefault(canonical(outgoing), []).append(tag)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
