"""How things are said to people: the language, local times with their zone, states and answers in words."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from app.console.audit_words import in_polish as audit_in_polish
from app.console.code_words import BACKFILLS, CONFLICTS, OUTCOMES, RUN_MODES, TONES, WORDS
from app.console.summaries import N_, SELF_EXPLAINING, parts_of
from app.domain.delivery.in_polish import in_polish as detail_in_polish
from app.domain.intake.warnings import in_polish
from app.domain.reasons import EXPLANATIONS, Explanation

if TYPE_CHECKING:
    from jinja2 import Environment

    from app.domain.commands import Command, ErasedCommand

HERE = Path(__file__).parent
LANGUAGES = ("pl", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Message -> translation; of English nothing, which is what the messages are in."""
    file = HERE / "locales" / f"{language}.po"
    if not file.exists():
        return {}
    from babel.messages.pofile import read_po  # loaded once somebody looks at the pages

    with file.open("rb") as opened:
        return {str(one.id): str(one.string) for one in read_po(opened, locale=language) if one.id and one.string}


def language_of(asked: str | None, accepted: str) -> str:
    """`asked`: by a link or a cookie. `accepted`: the browser's header; Polish is what most of those who work here speak."""
    if asked in LANGUAGES:
        return asked
    return next((code for part in accepted.split(",") if (code := part.strip()[:2].lower()) in LANGUAGES), "pl")


class Wording:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = catalogue(language)

    def __call__(self, text: str, **values: Any) -> str:
        said = self._known.get(text, text)
        return said % values if values else said

    def typed(self, line: str) -> str:
        """A line to be typed at the command line, by which it answers in the reader's language."""
        return f"{line} --pl" if self.language == "pl" else line

    def word(self, kind: str, code: str) -> str:
        """A code in words; what is not known stays as it is."""
        return self(WORDS[kind].get(code, code))

    def why(self, explanation: Explanation) -> str:
        return explanation.why_pl if self.language == "pl" else explanation.why

    def what_to_do(self, explanation: Explanation) -> str:
        return explanation.what_to_do_pl if self.language == "pl" else explanation.what_to_do

    def warning(self, warning: str) -> str:
        return (in_polish(warning) or warning) if self.language == "pl" else warning

    def time(self, at: datetime | None, zone: str = "Europe/Warsaw") -> str:
        """Local time with its zone, e.g. `23 lis 2026, 10:15:02 CET`."""
        if at is None:
            return ""
        from babel.dates import format_datetime

        local = at.astimezone(ZoneInfo(zone))
        return f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale=self.language)} {local:%Z}"

    def day(self, day: date) -> str:
        """E.g. `23 lis`."""
        from babel.dates import format_date

        return format_date(day, "d MMM", locale=self.language)

    def duration(self, seconds: float) -> str:
        if seconds < 90:
            return self("%(number)d s", number=seconds)
        if seconds < 5400:
            return self("%(number)d min", number=seconds / 60)
        return (
            self("%(number)d h", number=seconds / 3600) if seconds < 172_800 else self("%(number)d days", number=seconds / 86_400)
        )

    def destination(self, name: str | None) -> str:
        kind, _, of = (name or "rules:").partition(":")
        said = {
            "account": N_("SALESmanago, account %(of)s"),
            "reading": N_("SALESmanago, account %(of)s (reading)"),
            "newsletter": N_("newsletter in %(of)s"),
            "tags": N_("tags in %(of)s"),
            "rules": N_("deciding by the rules"),
        }
        return self(said.get(kind, kind), of=of) if of else self(said.get(kind, kind))

    def command(self, command: "Command | ErasedCommand") -> str:
        """What is asked of the other side."""
        from app.domain.operations.trace import summarised  # it knows all commands

        kind, summary = summarised(command)
        parts = self.summary(summary)
        return " · ".join(parts if kind in SELF_EXPLAINING and parts else [self.word("command", kind), *parts])

    def summary(self, summary: Mapping[str, Any]) -> list[str]:
        """The particulars of a command, a part each."""
        return parts_of(self, summary)

    def detail(self, text: str) -> str:
        """What stands with an attempt, an event or a run: our own words in the reader's language, an answer as it came."""
        return detail_in_polish(text) if self.language == "pl" else text

    def pushed(self, text: str) -> str:
        """Why a webhook was not understood."""
        if self.language != "pl":
            return text
        from app.sources.in_polish import in_polish  # it knows all sources, of which a command needs none

        return in_polish(text)

    def refused(self, text: str) -> str:
        """What was wrong with a request: what its problem document said, and the rule that a field broke."""
        if self.language != "pl":
            return text
        from app.console.refusals import in_polish  # as above

        return in_polish(text)

    def audited(self, text: str) -> str:
        """How something was or is, a line each: codes of runs in words, sentences of ours in the reader's language."""
        codes, other = {**BACKFILLS, **RUN_MODES, **CONFLICTS}, audit_in_polish if self.language == "pl" else str
        return "\n".join(self(codes[line]) if line in codes else other(line) for line in text.split("\n"))

    def cause(self, text: str) -> str:
        """Why something waits: an outcome, and the text of the answer."""
        outcome, colon, said = text.partition(": ")
        if outcome not in OUTCOMES:
            return self.detail(text)
        return self.word("outcome", outcome) + colon + self.detail(said)


def code(text: str) -> Markup:
    """What stands between backticks is a name, and shown as one; all else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(Markup("<code>{}</code>").format(one) if at % 2 else escape(one) for at, one in enumerate(parts))


@cache
def environment(language: str) -> "Environment":
    """Templates in a language; everything that is not ours is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # only pages need it

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    wording = Wording(language)
    made.filters["code"] = code
    made.globals |= {"_": wording, "say": wording, "TONES": TONES, "explanations": EXPLANATIONS}
    return made
