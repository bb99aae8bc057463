"""How a shop is, and what is said of what is wrong, in both languages: for `/readyz`, `gateway status`, `doctor`, console."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.values import Words

NOT_USABLE = Words("The database cannot be used at the moment.", "Bazy danych nie można teraz używać.")
TAKES_NOTHING = Words("The database takes nothing at the moment.", "Baza danych niczego teraz nie przyjmuje.")
NOT_MIGRATED = Words(
    "The database is not at the newest migration; run `gateway serve` or `alembic upgrade head`.",
    "Baza danych nie ma najnowszej migracji; uruchom `gateway serve` albo `alembic upgrade head`.",
)


@dataclass(frozen=True)
class ShopHealth:
    shop_id: str
    oldest_waiting_seconds: float
    """0 when nothing waits."""
    late: bool
    """The oldest waiting event is older than the promise (R11)."""
    consent_box_seems_hidden: bool
    """R05: orders arrive, none of the last ones was asked for consent, so nobody new is sent."""
    enabled: bool
    shadow: bool
    events: dict[str, int]
    """State -> number."""
    conflicts: int
    """Contacts renamed onto an address that had a contact of its own: the old one still stands in SALESmanago."""
    differences: int
    """People about whom SALESmanago and the shop disagree: lost tags, statuses that do not take."""
    oldest_receipt_seconds: float
    """Age of the oldest newsletter change that has no receipt of the shop yet; 0 when nothing is on its way."""
    receipt_missing: bool
    manual_tasks: int
    """Changes that only a person can carry out in the shop."""
    transfer_waits: bool = False
    """Of existing accounts, for somebody who approves or resumes it."""


def problems_of(shop: ShopHealth) -> Iterator[Words]:
    """What a person should see to, the most urgent first."""
    name = shop.shop_id
    if shop.late:
        minutes = f"{shop.oldest_waiting_seconds / 60:.0f}"
        yield Words(
            f"{name}: the oldest waiting event is {minutes} minutes old.", f"{name}: najstarsze zdarzenie czeka od {minutes} min."
        )
    if shop.receipt_missing:
        minutes = f"{shop.oldest_receipt_seconds / 60:.0f}"
        yield Words(
            f"{name}: a newsletter change from SALESmanago waits for the shop's side for {minutes} minutes. "
            "`gateway doctor` says whether the panel answers.",
            f"{name}: zmiana newslettera z SALESmanago od {minutes} min czeka na odpowiedź sklepu. "
            "`gateway doctor --pl` powie, czy panel odpowiada.",
        )
    if shop.manual_tasks:
        yield Words(
            f"{name}: {shop.manual_tasks} change(s) from SALESmanago can only be made by a person; see `gateway hand-work list`.",
            f"{name}: zmiany z SALESmanago, które musi wprowadzić człowiek: {shop.manual_tasks}; "
            "zobacz `gateway hand-work list --pl`.",
        )
    if shop.transfer_waits:
        yield Words(
            f"{name}: the transfer of existing accounts waits for a person; see `gateway backfill list {name}`.",
            f"{name}: transfer istniejących kont czeka na decyzję człowieka; zobacz `gateway backfill list {name} --pl`.",
        )
    if shop.conflicts:
        yield Words(
            f"{name}: {shop.conflicts} contact(s) were renamed onto an address that had a contact of its own; "
            "the old one still stands in SALESmanago. Look at it there, and delete it if it is not needed.",
            f"{name}: kontakty, którym zmieniono adres na taki, który miał już własny kontakt: {shop.conflicts}; "
            "stary kontakt nadal jest w SALESmanago. Sprawdź go tam i usuń, jeśli nie jest potrzebny.",
        )
    if shop.consent_box_seems_hidden:
        yield Words(
            f"{name}: policy order_consent, but none of the last orders carried an answer to the consent box, "
            "so nobody new is sent. Show the box in the shop, or choose policy all_customers.",
            f"{name}: zasada order_consent, ale w żadnym z ostatnich zamówień nie było odpowiedzi na pytanie o zgodę, "
            "więc nikt nowy nie jest przekazywany. Pokaż pole zgody w sklepie albo wybierz zasadę all_customers.",
        )
