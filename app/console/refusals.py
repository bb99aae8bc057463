"""Why something that was asked for on a page cannot be done, in Polish. The use cases say it in English, for every door alike."""

from collections.abc import Mapping
from types import MappingProxyType

_POLISH: Mapping[str, str] = MappingProxyType(
    {
        "Causes are chosen for a repair. A preview compares everything and changes nothing.": (
            "Przyczyny wybiera się do naprawy. Samo porównanie obejmuje wszystko i niczego nie zmienia."
        ),
        "A comparison of this shop is under way. Let it end first.": (
            "Porównanie tego sklepu jeszcze trwa. Poczekaj, aż się skończy."
        ),
        "The shop sends only customers who consented while ordering (policy order_consent), so there is no transfer of existing "
        "accounts (R64). Each of them is transferred with their next order that gives the consent.": (
            "Sklep przekazuje tylko osoby, które wyraziły zgodę przy zamówieniu (zasada order_consent), "
            "więc istniejących kont się nie przenosi (R64). Każde zostanie przekazane z kolejnym zamówieniem złożonym ze zgodą."
        ),
        "The shop has no panel whose accounts can be listed. Post the accounts as events instead, or set `panel` of the shop to "
        'kind = "idosell".': (
            "Sklep nie ma panelu, z którego można pobrać listę kont. Prześlij konta jako zdarzenia albo ustaw `panel` sklepu na "
            'kind = "idosell".'
        ),
        "A backfill of this shop is under way. Let it end, or cancel it first.": (
            "Pierwszy transfer tego sklepu jeszcze trwa. Poczekaj, aż się skończy, albo go anuluj."
        ),
        "Only a backfill that is moving can be paused.": "Wstrzymać można tylko transfer, który trwa.",
        "Only a paused backfill can be resumed.": "Wznowić można tylko wstrzymany transfer.",
        "Only a backfill that waits for approval after its dry run can be approved.": (
            "Zatwierdzić można tylko transfer, który po próbie na sucho czeka na zatwierdzenie."
        ),
        "The backfill is over.": "Ten transfer już się zakończył.",
        "The backfill moved on at this very moment. Look at it and ask again.": (
            "Transfer właśnie przeszedł do następnego etapu. Zobacz jego stan i spróbuj ponownie."
        ),
    }
)


def in_polish(words: str) -> str:
    """What has no Polish words stays as it is."""
    return _POLISH.get(words, words)
