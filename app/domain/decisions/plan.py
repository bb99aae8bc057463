"""What a decision can be: commands to send, or a reason to send nothing."""

from typing import NamedTuple, assert_never

from app.domain.commands import Command
from app.domain.person.contact import Contact
from app.domain.person.sale import Sale
from app.domain.reasons import Reason
from app.domain.values import value


@value()
class Send:
    """Commands; `withholding` says why the event itself is withheld while facts in it are still sent."""

    commands: tuple[Command, ...]
    withholding: Reason | None

    def __init__(self, *commands: Command, withholding: Reason | None = None) -> None:
        object.__setattr__(self, "commands", commands)
        object.__setattr__(self, "withholding", withholding)


@value()
class Withhold:
    """It must not be sent. `shown`: what would have been sent, stored to be shown (shadow mode)."""

    reason: Reason
    shown: tuple[Command, ...] = ()


@value()
class Supersede:
    """It need not travel: something else made it unnecessary."""

    reason: Reason


@value()
class Defer:
    """It may travel later, when its time comes: the cart engine takes over."""

    reason: Reason


_UNNECESSARY = (
    Reason.ORDER_ALREADY_SENT,
    Reason.ORDER_REPLACED,
    Reason.RETURN_ALREADY_SENT,
    Reason.NOTHING_NEW,
    Reason.TAG_OF_ANOTHER_SHOP,
    Reason.ALREADY_QUEUED,
    Reason.WAITS_FOR_PARKED,
    Reason.NOT_KNOWN_THERE,
    Reason.CART_EMPTIED,
    Reason.CART_REPLACED,
    Reason.CART_BOUGHT,
    Reason.CART_STALE,
    Reason.SHOP_IS_NEWER,
    Reason.REPLACED,
    Reason.NO_CARRIER_OF_TAGS,
)


def unsent(reason: Reason) -> Withhold | Supersede:
    """The plan to send nothing, for a reason."""
    return Supersede(reason) if is_unnecessary(reason) else Withhold(reason)


def is_unnecessary(reason: Reason) -> bool:
    """Did something else make it needless? Otherwise it may not travel."""
    return reason in _UNNECESSARY


Plan = Send | Withhold | Supersede | Defer


def sent_by(plan: Plan) -> tuple[Command, ...]:
    """The commands that leave."""
    match plan:
        case Send():
            return plan.commands
        case Withhold() | Supersede() | Defer():
            return ()
        case _:
            assert_never(plan)


def is_sent(plan: Plan) -> bool:
    match plan:
        case Send():
            return True
        case Withhold() | Supersede() | Defer():
            return False
        case _:
            assert_never(plan)


def is_deferred(plan: Plan) -> bool:
    match plan:
        case Defer():
            return True
        case Send() | Withhold() | Supersede():
            return False
        case _:
            assert_never(plan)


class Decision(NamedTuple):
    """A plan, and what is to be remembered of the person and the order."""

    plan: Plan
    contact: Contact
    sale: Sale
    learned: Contact
    """The contact as it is if nothing of the plan is queued after all (shadow mode)."""


def unchanged(plan: Plan, contact: Contact, sale: Sale) -> Decision:
    """A decision that queues nothing the contact would not have learned anyway."""
    return Decision(plan, contact, sale, contact)
