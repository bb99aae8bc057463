"""What a changed configuration sets going, said before it is stored (R94, B12)."""

from typing import assert_never

from app.domain.consent import Policy
from app.domain.shops.shop import PanelKind, Shop, SourceKind
from app.domain.text import counted_in_english, counted_in_polish
from app.domain.values import Words, value


@value(kw_only=True)
class Counted:
    """What is known of a shop before its configuration changes."""

    accounts: int | None = None
    """Of the panel; None if it was not asked, or did not say."""
    more: int = 0
    """People known here, not sent yet, whom the new policy lets travel."""
    fewer: int = 0
    """People in SALESmanago whom the new policy lets travel no longer."""
    waiting: int = 0
    """Events on their way."""
    held: int = 0
    """Events that wait until the shop is enabled."""
    had_a_transfer: bool = False


def transfers_by_itself(shop: Shop) -> bool:
    """Does its activation begin the first transfer (R60)?"""
    return shop.panel.kind.lists_accounts and shop.enabled and not shop.shadow and shop.policy is Policy.ALL_CUSTOMERS


def listing_panels(source: SourceKind) -> tuple[PanelKind, ...]:
    """Kinds of `panel` by which accounts of such a shop can be listed (R60): of its own platform, or any if it names none."""
    return tuple(kind for kind in PanelKind if kind.lists_accounts and source in (SourceKind.NONE, kind.value))


def platform_of(source: SourceKind) -> str | None:
    """What people call the platform; None if it is not known."""
    match source:
        case SourceKind.IDOSELL:
            return "IdoSell"
        case SourceKind.WOOCOMMERCE:
            return "WooCommerce"
        case SourceKind.NONE:
            return None
        case _:
            assert_never(source)


def begins_transfer(old: Shop | None, new: Shop, counted: Counted) -> bool:
    return transfers_by_itself(new) and not counted.had_a_transfer and (old is None or not transfers_by_itself(old))


def consequences(old: Shop | None, new: Shop, counted: Counted) -> list[Words]:
    """A sentence each, the weightiest first; none if nothing is set going."""
    found = [_transfer(new, counted)] if begins_transfer(old, new, counted) else []
    if old is None:
        return found
    if old.policy is not new.policy:
        found.append(_policy(new, counted))
    if old.enabled and not new.enabled:
        found.append(
            Words(
                f"nothing is sent any more: events are held until it is enabled again, {counted.waiting} on their way too",
                "nic już nie będzie wysyłane: zdarzenia poczekają, aż sklep zostanie znów włączony, także te, które są w drodze: "
                f"{counted.waiting}",
            )
        )
    if new.enabled and not old.enabled:
        released = counted_in_english(counted.held, "held event is", "held events are")
        found.append(
            Words(
                f"{released} released and decided",
                f"zdarzenia, które czekały na włączenie sklepu, zostaną rozpatrzone: {counted.held}",
            )
        )
    if new.shadow and not old.shadow:
        unsent = counted_in_english(counted.waiting, "event that is on its way ends", "events that are on their way end")
        found.append(
            Words(
                f"nothing is sent any more but resignations and erasures; {unsent} unsent",
                "wysyłane będą już tylko rezygnacje i żądania usunięcia danych; zdarzenia, które są w drodze, nie zostaną wysłane: "
                f"{counted.waiting}",
            )
        )
    if old.shadow and not new.shadow:
        found.append(
            Words(
                "from now on what is decided is sent; what was only shown so far is not made up for",
                "od tej chwili zdarzenia są rozpatrywane i wysyłane; tego, co bramka dotąd tylko pokazała, już nie wyśle",
            )
        )
    return found


def _transfer(shop: Shop, counted: Counted) -> Words:
    number, number_pl = (
        ("all existing accounts (the panel did not say how many)", "wszystkie istniejące konta, panel nie podał ich liczby")
        if counted.accounts is None
        else (f"about {counted_in_english(counted.accounts, 'account', 'accounts')}", f"liczba kont: około {counted.accounts}")
    )
    if shop.backfill.automatic:
        canary = counted_in_polish(shop.backfill.canary, "kontakt", "kontakty", "kontaktów")
        return Words(
            f"this begins a transfer of {number}: {shop.backfill.canary} at first, "
            "and the rest if SALESmanago refuses none of them",
            f"zacznie się pierwszy transfer ({number_pl}): najpierw {canary}, a jeśli SALESmanago niczego nie odrzuci, "
            "także reszta",
        )
    return Words(
        f"this begins a dry run over {number}; nothing of it is sent until `gateway backfill approve {shop.id}`",
        f"zacznie się próba na sucho ({number_pl}); nic nie zostanie wysłane, dopóki ktoś nie zatwierdzi transferu: "
        f"`gateway backfill approve {shop.id} --pl`",
    )


def _policy(shop: Shop, counted: Counted) -> Words:
    match shop.policy:
        case Policy.ALL_CUSTOMERS:
            people = counted_in_english(counted.more, "more person", "more people")
            people_pl = counted_in_polish(counted.more, "znaną tu osobę", "znane tu osoby", "znanych tu osób")
            return Words(
                f"{people} known here may be sent, each with their next event",
                f"będzie wolno przekazać jeszcze {people_pl}, każdą z jej następnym zdarzeniem",
            )
        case Policy.ORDER_CONSENT:
            people = counted_in_english(counted.fewer, "person who is", "people who are")
            people_pl = counted_in_polish(
                counted.fewer,
                "osoba, która jest w SALESmanago, nie wyraziła",
                "osoby, które są w SALESmanago, nie wyraziły",
                "osób, które są w SALESmanago, nie wyraziło",
            )
            return Words(
                f"{people} in SALESmanago never consented while ordering: "
                "nothing more is sent about them but resignations, and they stay there",
                f"{people_pl} zgody przy zamówieniu: oprócz rezygnacji nic więcej nie będzie tam wysyłane, a kontakty pozostaną",
            )
