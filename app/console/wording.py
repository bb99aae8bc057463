"""How things are said to people: the language, local times with their zone, states and answers in words."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from app.console.audit_words import in_polish as audit_in_polish
from app.console.open_words import CONFLICTS, OPEN_KINDS
from app.console.run_words import BACKFILLS, PAUSES, PHASES, RUN_MODES
from app.console.summaries import FIELDS, N_, SELF_EXPLAINING, parts_of
from app.domain.commands import Command, ErasedCommand
from app.domain.delivery.in_polish import in_polish as detail_in_polish
from app.domain.intake.warnings import in_polish
from app.domain.operations.trace import summarised
from app.domain.reasons import EXPLANATIONS, Explanation
from app.sources.in_polish import in_polish as push_in_polish

HERE = Path(__file__).parent
LANGUAGES = ("pl", "en")


STATES = {
    "received": N_("to be decided"),
    "planned": N_("on its way"),
    "sent": N_("sent"),
    "withheld": N_("not sent"),
    "superseded": N_("not needed"),
    "parked": N_("needs a person"),
    "held": N_("held"),
    "waiting": N_("waiting"),
    "cancelled": N_("cancelled"),
    "shown": N_("would have been sent (test mode)"),
}
TONES = {
    "received": "info",
    "planned": "info",
    "sent": "good",
    "withheld": "calm",
    "superseded": "calm",
    "parked": "bad",
    "held": "warn",
    "waiting": "info",
    "cancelled": "calm",
    "shown": "info",
}
EVENTS = {
    "registration": N_("Account created"),
    "account-change": N_("Account changed"),
    "subscription": N_("Newsletter subscription"),
    "unsubscription": N_("Newsletter cancellation"),
    "order": N_("Order placed"),
    "order-cancellation": N_("Order cancelled"),
    "order-return": N_("Goods returned"),
    "cart": N_("Cart changed"),
    "product-view": N_("Product viewed"),
    "tag-edit": N_("Tags edited"),
    "consent": N_("Consent to transfer"),
    "erasure": N_("Erasure requested"),
    "access-request": N_("Access requested"),
    "account-listed": N_("Account found in the panel"),
    "subscriber-listed": N_("Subscriber from a list"),
    "opt-in": N_("Opt-in reported by SALESmanago"),
    "opt-out": N_("Opt-out reported by SALESmanago"),
    "opt-in-confirmed": N_("Opt-in confirmed in SALESmanago"),
    "opt-out-confirmed": N_("Opt-out confirmed in SALESmanago"),
    "upstream-status": N_("Newsletter status seen in SALESmanago"),
    "upstream-tags": N_("Tags seen in SALESmanago"),
    "status-not-taken": N_("Status that SALESmanago did not take"),
    "drift-found": N_("Difference found by comparison"),
}
THERE = {
    "PURCHASE": N_("Purchase"),
    "CART": N_("Abandoned cart"),
    "VISIT": N_("Product view"),
    "CANCELLATION": N_("Cancellation"),
    "RETURN": N_("Return"),
}
"""Events of a contact in SALESmanago."""
COMMANDS = {
    "upsert_contact": N_("Contact"),
    "add_event": N_("Event of the contact"),
    "delete_contact": N_("Delete the contact"),
    "confirm_opt_in": N_("Ask whether the opt-in is true"),
    "confirm_opt_out": N_("Ask whether the opt-out is true"),
    "set_subscription": N_("Newsletter in the shop"),
    "mirror_tags": N_("Tags to the panel"),
    "report_erasure": N_("Erasure in another shop"),
}
OUTCOMES = {
    "delivered": N_("accepted"),
    "throttled": N_("too many calls, tried again later"),
    "unreachable": N_("did not answer"),
    "unknown": N_("gave no clear answer"),
    "refused": N_("refused"),
    "by_hand": N_("only a person can do it"),
    "moot": N_("no longer needed"),
}
REQUESTS = {
    "taken": N_("taken"),
    "read": N_("read"),
    "refused": N_("refused"),
    "unknown_key": N_("unknown key"),
    "failed": N_("failed"),
}
ACTIONS = {
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "configured": N_("changed the configuration"),
    "secrets_exported": N_("exported the configuration with its secrets"),
    "shop_removed": N_("removed a shop with all that was held of it"),
    "key_issued": N_("issued a key"),
    "key_revoked": N_("revoked a key"),
    "keys_rotated": N_("encrypted the secrets anew"),
    "erased_by_another_shop": N_("erased a person; the contact in SALESmanago is gone for this shop too"),
    "erasure_requested": N_("asked for a person's erasure"),
    "access_reported": N_("had a report made of what is stored about a person"),
    "replayed": N_("tried parked items again"),
    "push_read_again": N_("read a webhook once more"),
    "hand_work_done": N_("marked a manual task as done"),
    "conflicts_seen": N_("marked conflicts about a person as seen"),
    "backfill_started": N_("started a first transfer"),
    "backfill_paused": N_("paused a first transfer"),
    "backfill_resumed": N_("resumed a first transfer"),
    "backfill_approved": N_("approved a first transfer"),
    "backfill_cancelled": N_("cancelled a first transfer"),
    "reconciliation_started": N_("started a comparison"),
    "installation_confirmed": N_("confirmed that the database is no copy"),
}
POLICIES = {"order_consent": N_("only people who consented while ordering"), "all_customers": N_("all customers")}
ROLES = {
    "reader": N_("may look"),
    "operator": N_("may look and act"),
    "admin": N_("may do everything"),
    "shop": N_("a shop's program"),
}
DOORS = {
    "api": N_("API"),
    "console": N_("console"),
    "cli": N_("command line"),
    "event": N_("event of a shop"),
    "start": N_("file at the start"),
}
NEWS = {"opt_in": N_("subscribed"), "opt_out": N_("unsubscribed")}
WORDS = {
    "state": STATES,
    "event": EVENTS,
    "there": THERE,
    "command": COMMANDS,
    "outcome": OUTCOMES,
    "backfill": BACKFILLS,
    "request": REQUESTS,
    "action": ACTIONS,
    "policy": POLICIES,
    "role": ROLES,
    "news": NEWS,
    "field": FIELDS,
    "door": DOORS,
    "mode": RUN_MODES,
    "phase": PHASES,
    "pause": PAUSES,
    "open": OPEN_KINDS,
}


@cache
def catalogue(language: str) -> dict[str, str]:
    """Message -> translation; of English nothing, which is what the messages are in."""
    file = HERE / "locales" / f"{language}.po"
    if not file.exists():
        return {}
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
        local = at.astimezone(ZoneInfo(zone))
        return f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale=self.language)} {local:%Z}"

    def day(self, day: date) -> str:
        """E.g. `23 lis`."""
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

    def command(self, command: Command | ErasedCommand) -> str:
        """What is asked of the other side."""
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
        return push_in_polish(text) if self.language == "pl" else text

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
def environment(language: str) -> Environment:
    """Templates in a language; everything that is not ours is escaped."""
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
