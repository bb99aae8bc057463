"""Why something still waits, and when it is tried next: nothing waits without a reason (R90, R91)."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.clocks import bounded_rest
from app.domain.commands import Command, ErasedCommand
from app.domain.decisions.recheck import IN_SHADOW
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import CommandState
from app.domain.delivery.outcomes import Refused, Waits, name_of
from app.domain.delivery.revocation import without_revoked
from app.domain.intake.inbox import EventState
from app.domain.operations.trace import CommandTrace, EventTrace
from app.domain.reasons import EXPLANATIONS, Explanation, Reason
from app.domain.shops.shop import Shop
from app.domain.values import value

_REFUSED = name_of(Refused(""))
_NOT_TRIED = name_of(Waits(""))
SOON = timedelta(seconds=2)
"""What is due within this time waits in the queue and is not paused."""


class Wait(StrEnum):
    DECIDED_NEXT = "decided_next"
    PERHAPS_A_COPY = "installation_unconfirmed"
    DESTINATION_DOWN = "neighbour_down"
    ACCOUNT_REFUSED = "account_refused"
    TRIED_AGAIN = "tried_again"
    BEHIND_EARLIER = "behind_earlier"
    SENT_NOW = "sent_now"
    QUEUED = "queued"


WAITS: dict[Wait, Explanation] = {
    Wait.DECIDED_NEXT: Explanation(
        "R11",
        "It is stored and waits to be decided, which takes seconds unless many events came at once.",
        "Nothing. If it stays like this for minutes, see whether a worker runs.",
        "Zdarzenie jest zapisane i czeka na rozpatrzenie. Trwa to kilka sekund, chyba że zdarzeń przyszło bardzo dużo naraz.",
        "Nic. Jeśli potrwa to kilka minut, sprawdź, czy działa proces roboczy (worker).",
    ),
    Wait.PERHAPS_A_COPY: Explanation(
        "J5",
        "The database may be a copy of one that is in use, so nothing is sent from here until a person confirms that it is none.",
        "See `gateway installation show`. If no other gateway uses the database any more, run `gateway installation confirm`.",
        "Baza danych może być kopią innej, która jest w użyciu, więc nic nie jest stąd wysyłane, dopóki ktoś nie potwierdzi, "
        "że to nie kopia.",
        "Zobacz `gateway installation show --pl`. Jeśli żadna inna bramka nie używa już tej bazy, uruchom "
        "`gateway installation confirm --pl`.",
    ),
    Wait.DESTINATION_DOWN: Explanation(
        "delivery",
        "The other side takes nothing at the moment, so everything for it waits. It is tried again by itself, and nothing is lost.",
        "See whether the other side is in order; what it last answered stands with the destination.",
        "Druga strona chwilowo niczego nie przyjmuje, więc wszystko do niej czeka. Próby są ponawiane same, nic nie przepada.",
        "Sprawdź, czy druga strona działa; jej ostatnia odpowiedź jest przy miejscu docelowym.",
    ),
    Wait.ACCOUNT_REFUSED: Explanation(
        "delivery",
        "The other side refuses us: not this one thing, but our keys or their rights. So everything for it waits. It is tried "
        "again by itself, and nothing is lost.",
        "Compare the keys of the configuration with those of the other side (SALESmanago: `client_id`, `api_secret`, `owner`; "
        "a panel: `api_key` and its rights) and correct them with `gateway apply`. `gateway doctor` proves them.",
        "Druga strona odmawia nam dostępu: nie chodzi o tę jedną rzecz, lecz o nasze klucze lub ich uprawnienia. Dlatego wszystko "
        "do niej czeka. Próby są ponawiane same, nic nie przepada.",
        "Porównaj klucze w konfiguracji z kluczami po drugiej stronie (SALESmanago: `client_id`, `api_secret`, `owner`; "
        "panel: `api_key` i jego uprawnienia) i popraw je poleceniem `gateway apply --pl`. Sprawdzi je `gateway doctor --pl`.",
    ),
    Wait.TRIED_AGAIN: Explanation(
        "delivery",
        "The last try brought no success. It is tried again by itself, each time after a longer pause, for up to seven days.",
        "Nothing. The answer stands with the attempt.",
        "Ostatnia próba się nie powiodła. Kolejne następują same, w coraz dłuższych odstępach, przez najwyżej siedem dni.",
        "Nic. Odpowiedź jest przy próbie.",
    ),
    Wait.BEHIND_EARLIER: Explanation(
        "delivery",
        "It was not tried yet: something earlier of the same person was refused, which it follows after 15 minutes at most, or is "
        "tried again first, so that everything arrives in order.",
        "Nothing for this one. `gateway why` with the person's address shows what was refused or is tried again.",
        "Jeszcze nie było próby: coś wcześniejszego tej samej osoby zostało odrzucone i to zostanie wysłane najwyżej 15 minut "
        "później, albo jest najpierw ponawiane, żeby wszystko dotarło po kolei.",
        "Z tym zdarzeniem nic. `gateway why --pl` z adresem tej osoby pokaże, co zostało odrzucone lub jest ponawiane.",
    ),
    Wait.SENT_NOW: Explanation(
        "delivery",
        "It is being sent at this moment.",
        "Nothing.",
        "Jest właśnie wysyłane.",
        "Nic.",
    ),
    Wait.QUEUED: Explanation(
        "delivery",
        "It is in the queue and leaves as soon as the allowed number of calls has room for it.",
        "Nothing.",
        "Czeka w kolejce i zostanie wysłane, gdy tylko pozwoli na to dozwolona liczba wywołań.",
        "Nic.",
    ),
}


@value(kw_only=True)
class Waiting:
    """`code`: a `Wait` or a `Reason`. `next_try_at`: None if that does not depend on the time."""

    code: str
    explanation: Explanation
    next_try_at: datetime | None = None
    cause: str = ""
    """What the other side last answered."""


def waiting_of(
    event: EventTrace, shop: Shop | None, destinations: dict[str, DestinationState], now: datetime, *, sends: bool = True
) -> Waiting | None:
    """Why an event still waits; None if it has ended, or a person has to act. `sends`: False where the database may be a copy."""
    match event.state:
        case EventState.SENT | EventState.WITHHELD | EventState.SUPERSEDED | EventState.PARKED:
            return None
        case EventState.HELD:
            return _because(Reason.SHOP_DISABLED)
        case EventState.RECEIVED:
            return Waiting(code=Wait.DECIDED_NEXT, explanation=WAITS[Wait.DECIDED_NEXT])
        case EventState.PLANNED:
            pending = [one for one in event.commands if one.state == CommandState.WAITING.value]
            if not pending:
                return _because(event.reason or Reason.ALREADY_QUEUED)
            return command_waiting(pending[0], shop, destinations, now, sends=sends)


def command_waiting(
    command: CommandTrace, shop: Shop | None, destinations: dict[str, DestinationState], now: datetime, *, sends: bool
) -> Waiting:
    """Why a command still waits, the weightiest reason."""
    if shop is None or not shop.enabled:
        return _because(Reason.SHOP_DISABLED)
    if shop.shadow and _is_kept_back_in_shadow(command.command):
        return _because(Reason.SHADOW)
    if not sends:
        return Waiting(code=Wait.PERHAPS_A_COPY, explanation=WAITS[Wait.PERHAPS_A_COPY])
    if command.leased_until is not None and command.leased_until > now:
        return Waiting(code=Wait.SENT_NOW, explanation=WAITS[Wait.SENT_NOW])
    own = command.due_at if command.due_at is not None and command.due_at > now + SOON else None
    state = destinations.get(command.destination)
    if state is not None and state.breaker.state(now) is not Circuit.CLOSED:
        breaker = state.breaker
        rest = None if breaker.rest_until is None else bounded_rest(breaker.rest_until, now, breaker.rests)
        next_try = max([now, *(at for at in (own, rest) if at is not None)])
        # Only what concerns all of a destination is counted against it, so a refusal is one of the account.
        code = Wait.ACCOUNT_REFUSED if breaker.cause.startswith(_REFUSED) else Wait.DESTINATION_DOWN
        return Waiting(code=code, explanation=WAITS[code], next_try_at=next_try, cause=breaker.cause)
    last = command.attempts[-1] if command.attempts and command.attempts[-1].outcome != _NOT_TRIED else None
    if own is not None and last is None:
        return Waiting(code=Wait.BEHIND_EARLIER, explanation=WAITS[Wait.BEHIND_EARLIER], next_try_at=own)
    if last is not None:
        cause = ": ".join(filter(None, (last.outcome, last.detail)))
        return Waiting(code=Wait.TRIED_AGAIN, explanation=WAITS[Wait.TRIED_AGAIN], next_try_at=own or now, cause=cause)
    return Waiting(code=Wait.QUEUED, explanation=WAITS[Wait.QUEUED])


def _is_kept_back_in_shadow(command: Command | ErasedCommand) -> bool:
    return isinstance(command, ErasedCommand) or without_revoked(command, IN_SHADOW) is None


def _because(reason: Reason) -> Waiting:
    return Waiting(code=reason, explanation=EXPLANATIONS[reason])
