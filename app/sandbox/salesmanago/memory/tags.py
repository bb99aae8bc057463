"""How SALESmanago writes a tag down: base letters, upper case, underscores for the rest."""

import re
import unicodedata
from collections.abc import Iterable

MAX_LENGTH = 255
"""Where the official WooCommerce plugin cuts a tag."""

# Letters which Unicode does not decompose into a base letter and a mark.
_UNDECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "AE"})
_FOREIGN = re.compile(r"[^A-Z0-9_\-()\[\]{}]")


def fold(tag: str) -> str:
    """The stored form of one tag; empty when there was nothing but blanks."""
    decomposed = unicodedata.normalize("NFKD", tag.strip().translate(_UNDECOMPOSED))
    base = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _FOREIGN.sub("_", base.upper())[:MAX_LENGTH]


def fold_all(tags: Iterable[str]) -> tuple[str, ...]:
    """The stored forms, each once, in order. A comma separates tags, also inside one string."""
    pieces = (fold(piece) for tag in tags for piece in tag.split(","))
    return tuple(dict.fromkeys(piece for piece in pieces if piece))
