"""Which words of what a command or a page says are English."""

import re

ENGLISH = frozenset(
    """
    and any are argument begin before both can cannot characters did does error exists extra field for found from has have here
    input integer invalid is it its least look make missing more most must need needs neither newest none not nothing number of
    one only option or out parameter please possible right say should such than that the them there this try unable usage valid
    value was what whether with written you
    """.split()  # noqa: SIM905 - a list of words
)
"""An English sentence has one of them; none is a Polish word."""


def english_in(shown: str) -> set[str]:
    """Names of options, paths and what stands between quotes are the same in every language."""
    said = re.sub(r"`[^`]*`|'[^']*'|\S*[/_]\S*|--\S+", " ", shown)
    return {word for word in re.findall(r"[^\W\d]+", said.lower()) if word in ENGLISH}


def without_values(said: str) -> str:
    """Of settings the values, as a file writes them."""
    return re.sub(r'"[^"]*"', "", said)
