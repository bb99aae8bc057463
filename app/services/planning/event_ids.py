"""Event ids that name somebody: a shop makes them up, and some put the address in."""

from app.services.planning.people import Pseudonym


def names_somebody(event_id: str) -> bool:
    """An address may stand in it, plain or as in an URL."""
    return "@" in event_id or "%40" in event_id


def disguised(pseudonym: Pseudonym, shop_id: str, event_id: str) -> str:
    """What stands in place of such an id once the person was erased, or where lines are kept for ever.

    A repetition is recognised by it, and who knows the id still finds the event.
    """
    return f"erased-{pseudonym(shop_id, f'event_id {event_id}')}"
