"""How things are said to people: the language, local times with their zone, states and answers in words."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    ErasedCommand,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.intake.warnings import in_polish
from app.domain.reasons import EXPLANATIONS, Explanation

HERE = Path(__file__).parent
LANGUAGES = ("pl", "en")


def N_(text: str) -> str:  # noqa: N802 - the name by which tools of gettext know it
    """Marks a text that is translated where it is shown."""
    return text


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
BACKFILLS = {
    "counting": N_("counting, nothing is sent"),
    "counted": N_("counted"),
    "awaiting_approval": N_("waits for your approval"),
    "canary": N_("first few contacts"),
    "watching_the_canary": N_("watching the first few contacts"),
    "transfer": N_("transferring"),
    "closing": N_("closing"),
    "settling": N_("settling"),
    "paused": N_("paused"),
    "cancelling": N_("cancelling"),
    "cancelled": N_("cancelled"),
    "complete": N_("complete"),
    "complete_with_failures": N_("complete, with failures"),
    "incomplete": N_("incomplete"),
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
    "replayed": N_("tried parked items again"),
    "hand_work_done": N_("marked a manual task as done"),
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
        """What is asked of the other side. Personal fields are named, never shown."""
        match command:
            case UpsertContact():
                parts = [self("Contact")]
                if command.new_email is not None:
                    parts.append(self("new address"))
                if command.add_tags:
                    parts.append(self("tags added: %(tags)s", tags=", ".join(command.add_tags)))
                if command.remove_tags:
                    parts.append(self("tags removed: %(tags)s", tags=", ".join(command.remove_tags)))
                for channel, status in (
                    (self("e-mail newsletter"), command.email_status),
                    (self("SMS newsletter"), command.phone_status),
                ):
                    if status is not None:
                        parts.append(f"{channel}: {self.word('news', status.value)}")
                if command.asks_opt_in is not None:
                    parts.append(self("asks the person to confirm the subscription"))
                return " · ".join(parts)
            case AddEvent():
                return " · ".join(filter(None, (self.word("there", command.kind.value), command.external_id)))
            case ErasedCommand():
                return self("erased")
            case DeleteContact():
                return self("Delete the contact")
            case ConfirmOptIn() | ConfirmOptOut():
                return self("Ask SALESmanago whether it is so")
            case SetSubscription():
                said = ((self("e-mail newsletter"), command.email_news), (self("SMS newsletter"), command.phone_news))
                return " · ".join(f"{name}: {self.word('news', one.status.value)}" for name, one in said if one is not None)
            case ReportErasure():
                return self("Erased by shop %(shop)s: decide about this shop's own data", shop=command.erased_by)
            case MirrorTags():
                return self("Tags to the panel: %(number)d", number=len(command.tags.points))


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
    made.globals |= {"_": wording, "say": wording, "TONES": TONES, "explanations": EXPLANATIONS}
    return made
