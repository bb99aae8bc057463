"""What waits is judged again when it leaves (R06b): by the shop's settings and the person's consent as they are then."""

from collections.abc import Sequence

from app.domain.commands import Command
from app.domain.consent import Policy
from app.domain.decisions.changes.mapping import fields_carried, may_travel
from app.domain.decisions.guard import closes_the_door
from app.domain.delivery.outbox import Claim, DeferredRevocation
from app.domain.delivery.revocation import Revocation, without_revoked
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace, value

IN_SHADOW = Revocation(everything=True, at_shop=True)
"""What shadow mode keeps back: all but opt-outs of people who were sent, and erasures (decision 0018)."""


@value()
class Stop:
    """What must not leave any more, and why."""

    act: Revocation
    reason: Reason


def needs_person(shop: Shop) -> bool:
    """Must the contact be read to judge? Where everybody is sent, a withdrawal alone stops, and that empties the queue itself."""
    return shop.policy is Policy.ORDER_CONSENT


def rechecked(claim: Claim, shop: Shop | None, person: Contact | None) -> Claim:
    """The claim with what is to be revoked of it first, if anything is. `shop`: None if it is not configured any more."""
    commands = [one.command for one in claim.commands]
    stop = None if shop is None or not commands else stopped(commands, shop, person)
    if stop is None:
        return claim
    act = DeferredRevocation(stop.act, stop.reason, claim.commands[-1].id)
    return replace(claim, revocations=(*claim.revocations, act))


def stopped(commands: Sequence[Command], shop: Shop, person: Contact | None) -> Stop | None:
    """What of the commands may not leave now; None if all of them may. `person`: needed if `needs_person`."""
    found = stop_of(commands, shop, person)
    if found is None or not any(_is_touched(command, found.act) for command in commands):
        return None
    return found


def _is_touched(command: Command, act: Revocation) -> bool:
    left = without_revoked(command, act)
    return left is not command and left != command


def stop_of(commands: Sequence[Command], shop: Shop, person: Contact | None) -> Stop | None:
    """What holds for a person now, whether or not it concerns these commands."""
    if shop.shadow:
        return Stop(IN_SHADOW, Reason.SHADOW)
    if any(map(shop.blocks, {command.email for command in commands})):
        return Stop(Revocation(everything=True), Reason.BLOCKED_ADDRESS)
    kept_back = fields_kept_back(commands, shop)
    if person is not None and not person.erased:
        reason = closes_the_door(shop, person)
        if reason is not None:
            return Stop(Revocation(everything=True), reason)
        first = person.transfer.granted_first
        if shop.policy is Policy.ORDER_CONSENT and first is not None:
            return Stop(Revocation(happened_before=first, kept_back=kept_back), Reason.BEFORE_CONSENT)
    # Nothing ends by it: what is left of a command is sent.
    return Stop(Revocation(kept_back=kept_back), Reason.REPLACED) if kept_back else None


def fields_kept_back(commands: Sequence[Command], shop: Shop) -> tuple[str, ...]:
    """Names of what these commands carry and the shop does not let travel (any more)."""
    if shop.fields is None:
        return ()
    carried = dict.fromkeys(name for command in commands for name in fields_carried(command))
    return tuple(name for name in carried if not may_travel(name, shop))
