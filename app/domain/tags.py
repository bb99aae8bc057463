"""Tags: which text travels, and when two texts mean one tag (R20-R29).

Text goes out as the shop wrote it. Every *comparison* of ours uses `canonical`, in which letters of all alphabets stay letters.
SALESmanago keeps tags in base letters and upper case; what it makes of letters outside A-Z is uncertain (contract section 4),
so what it *shows* is compared by `is_shown` with both forms it may have kept (decision 0020).
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from app.domain.salesmanago_limits import MAX_TAG_CHARS
from app.domain.text import remembered, whole_signs

TO_UPSTREAM = "idosell_"
"""Prefix of the shop's own tags in SALESmanago (R23, R24)."""

TO_PANEL = "salesmanago_"
"""Prefix of SALESmanago's tags in the panel (R30, R31)."""

REGISTERED = "rejestracja"
WHOLESALER = "wholesaler"
NEWSLETTER = "newsletter"

MAX_PANEL_TAG_CHARS = MAX_TAG_CHARS - len(TO_UPSTREAM)
"""Of a tag that gets our prefix."""

MOST_SECTIONS = 500
"""Different menu sections of one order that become tags."""

MOST_TAGS = 1_000
"""Tags of one kind that are kept per person: panel tags, section tags, tags that SALESmanago shows."""

_LONGEST_READ = 128
_DIGEST_CHARS = 8

# Letters that carry no combining mark, so Unicode decomposition leaves them whole.
_BASE_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "ı": "i"}
)
_KEPT = "_-()[]{}"
_ODD_ASCII = re.compile(r"[^A-Za-z0-9_\-()\[\]{}]")
_SEPARATOR = re.compile(r"\s*,\s*")
# Control and formatting signs, halves of signs; the two joiners are part of words and emoji.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_INVISIBLE_MARK = re.compile("[\u034f\u0345\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# A shop has some hundreds of tags and says them all day long.
_REMEMBERED = 4_096


@remembered(_REMEMBERED)
def canonical(tag: str) -> str:
    """The form in which two tags are compared (R27).

    >>> canonical("Wiosna 2015"), canonical("brak_aktywności"), canonical("ВЗУТТЯ")
    ('wiosna_2015', 'brak_aktywnosci', 'взуття')
    """
    return folded(outgoing_text(tag))


def folded(text: str) -> str:
    """The same for a text of any length: lower case, Latin letters without marks, `_` for what is no letter or digit.

    Marks of other alphabets make other letters (й, ї, ё, ά) and stay.
    """
    if text.isascii():
        return _ODD_ASCII.sub("_", text).lower()
    decomposed = unicodedata.normalize("NFKD", text)
    quick = _LATIN_MARKS.sub("", decomposed).translate(_SIGNS)
    return unicodedata.normalize("NFC", quick.casefold()) if _MARK not in quick else folded_by_sign(decomposed)


def folded_by_sign(decomposed: str) -> str:
    """The same of text in form NFKD, for any marks; `folded` is quick where marks stand on Latin letters alone."""
    signs: list[str] = []
    carries_marks = False
    for sign in decomposed.translate(_BASE_LETTERS):
        base, mark, carries = _sign(sign)
        if carries is None:
            signs.append(mark if carries_marks else base)
        else:
            signs.append(base)
            carries_marks = carries
    return unicodedata.normalize("NFC", "".join(signs).casefold())


_LATIN_MARKS = re.compile("(?<=[A-Za-z])[\u0300-\u034e\u0350-\u036f]+")
_MARK = "\uffff"
_SIGNS_REMEMBERED = 30_000


class _Signs(dict[int, str]):
    """What becomes of every character that is no mark, found out once."""

    def __missing__(self, code: int) -> str:
        letters = chr(code).translate(_BASE_LETTERS)
        made = "".join(_MARK if carries is None else base for base, _, carries in map(_sign, letters))
        if len(self) < _SIGNS_REMEMBERED:
            self[code] = made
        return made


_SIGNS = _Signs()


@lru_cache(8_192)
def _sign(sign: str) -> tuple[str, str, bool | None]:
    """What becomes of a character: by itself or on a Latin letter, on a letter of another alphabet; and whether it carries marks.

    None: it is a mark itself.
    """
    kind = unicodedata.category(sign)[0]
    if kind == "M":
        alone = "" if unicodedata.combining(sign) else "_"
        return alone, alone if _INVISIBLE_MARK.match(sign) else sign, None
    if kind not in "LN":
        return (sign if sign in _KEPT else "_"), "", False
    return sign, "", kind == "L" and not unicodedata.name(sign, "").startswith("LATIN")


@remembered(_REMEMBERED)
def word(tag: str) -> str:
    """Spellings of one and the same tag have one word: letter case and Unicode forms tell no tags apart, diacritics do."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean(tag)).casefold())


@remembered(_REMEMBERED)
def as_stored(name: str) -> str:
    """What SALESmanago may have made of a tag, in lower case: base letters, and `_` for letters outside A-Z (section 4)."""
    if name.isascii():
        return name
    decomposed = unicodedata.normalize("NFKD", name).translate(_BASE_LETTERS)
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return _ODD_ASCII.sub("_", letters).lower()


def is_shown(name: str, shown: Collection[str]) -> bool:
    """Does a tag, in canonical form, stand among those SALESmanago shows? It may have kept its letters, or only their number."""
    return name in shown or as_stored(name) in shown


@remembered(_REMEMBERED)
def outgoing_text(tag: str) -> str:
    """The text that is sent: trimmed, one space between words, commas (SALESmanago's separator) as `_`, at most 64 characters."""
    return within(clean(tag))


def clean(tag: str) -> str:
    """The same, longer: at most `_LONGEST_READ` characters are read, a digest stands for the rest."""
    text = tag.strip()
    if len(text) > _LONGEST_READ:
        text = f"{whole_signs(text, _LONGEST_READ // 2)}_{digest(text.casefold())}"
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _SEPARATOR.sub("_", " ".join(_UNSEEN.sub("", text).split()))


def within(name: str, most: int = MAX_TAG_CHARS) -> str:
    """A name that is too long is cut and ends in a digest: two cut names stay two, and the spellings of one stay one."""
    form = folded(name)
    if len(name) <= most and len(form) <= most:
        return name
    room = most - _DIGEST_CHARS - 1
    kept = whole_signs(name, room)
    while (length := len(folded(kept))) > room:
        kept = whole_signs(kept, len(kept) * room // length)
    return f"{kept}_{digest(form)}"


def digest(form: str) -> str:
    """A few signs in the place of a longer form."""
    return hashlib.sha256(form.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_CHARS]


@remembered(_REMEMBERED)
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

    At most `MOST_SECTIONS`; intake adds a warning where it leaves some out.
    """
    return distinct((name for path in menu_paths for name in _sections_of(*path)), MOST_SECTIONS)


@remembered(_REMEMBERED)
def _sections_of(*path: str) -> tuple[str, ...]:
    """Of one path; the same goods are bought all day long."""
    return tuple(name for name in map(outgoing_text, path) if may_be_section(name))


def may_be_section(segment: str) -> bool:
    """A segment that begins like one of the two prefixes would come back as something it is not (R29)."""
    name = canonical(segment)
    return bool(name.strip("_")) and not name.startswith((TO_UPSTREAM, TO_PANEL))


def source_tag(source: str, shop_host: str) -> str | None:
    """Where the customer came from: `idosell_<source>_<shop host>` (R23); None without a source."""
    name = outgoing_text(source).lower().removeprefix(TO_UPSTREAM)
    return outgoing_text(f"{TO_UPSTREAM}{name}_{shop_host}") if name else None


def distinct(tags: Iterable[str], most: int | None = None) -> tuple[str, ...]:
    """The tags, the first `most` of them, without those whose canonical form came before, and without empty ones."""
    seen: dict[str, str] = {}
    for tag in tags:
        if len(seen) == most:
            break
        name = canonical(tag)
        if name.strip("_"):
            seen.setdefault(name, tag)
    return tuple(seen.values())


def collisions(tags: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of different panel tags that SALESmanago would store as one and the same tag (R27)."""
    groups: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for tag in tags:
        words.setdefault(word(tag), tag)
    for tag in words.values():
        if (outgoing := to_upstream(tag)) is not None:
            groups.setdefault(canonical(outgoing), []).append(tag)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
