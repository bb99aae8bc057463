"""What the gateway itself writes of a try, in Polish.

The words are kept in English alone, beside the attempt; a test holds every sentence of the clients and senders against this
table. What SALESmanago or a panel answered is quoted, in whatever language it answered.
"""

import re

_SENTENCES: tuple[tuple[str, str], ...] = (
    ("HTTP (.+) without JSON", "HTTP {} bez JSON"),
    ("HTTP 200 without a JSON answer", "HTTP 200 bez odpowiedzi JSON"),
    ("HTTP (.+): redirected", "HTTP {}: przekierowanie"),
    ("SALESmanago does not take events of this contact", "SALESmanago nie przyjmuje zdarzeń tego kontaktu"),
    ("data of this person are still on their way to SALESmanago", "dane tej osoby są właśnie przekazywane do SALESmanago"),
    ("SALESmanago shows more than we read", "SALESmanago pokazuje więcej, niż czyta bramka"),
    ("SALESmanago still has the contact", "SALESmanago nadal ma ten kontakt"),
    ("an answer without JSON", "odpowiedź bez JSON"),
    ("asked to wait (.+) s", "prośba o odczekanie {} s"),
    ("defect: (.+)", "błąd bramki: {}"),
    ("defect", "błąd bramki; szczegóły są w logu"),
    ("found by verification", "potwierdzono odczytem"),
    ("fewer events created than sent", "zapisano mniej zdarzeń, niż wysłano"),
    ("it counts: data of the person were sent since", "uwzględniono: dane tej osoby przekazano później"),
    ("no whole answer in time", "nie było pełnej odpowiedzi na czas"),
    (
        "notices go to https addresses, port 443 or above 1023",
        "powiadomienia są wysyłane tylko na adresy https, port 443 lub powyżej 1023",
    ),
    ("one tag in SALESmanago: (.+)", "w SALESmanago to jeden tag: {}"),
    ("panel_overloaded", "panel jest przeciążony"),
    ("refused without a word", "odmowa bez podania przyczyny"),
    ("shop_disabled", "sklep jest wyłączony"),
    ("success without (.+)", "odpowiedź o sukcesie, ale bez {}"),
    ("the address for notices is none", "adres powiadomień jest nieprawidłowy"),
    ("the answer cannot be unpacked", "odpowiedzi nie da się rozpakować"),
    ("the answer holds more values than we read", "odpowiedź ma więcej wartości, niż czyta bramka"),
    ("the answer is larger than we read", "odpowiedź jest większa, niż czyta bramka"),
    ("the call could not be booked", "nie udało się zarezerwować wywołania"),
    ("the host has no address", "host nie ma adresu"),
    ("the host is not found: (.+)", "nie znaleziono hosta: {}"),
    ("the host leads to a private or reserved address", "host prowadzi do adresu prywatnego lub zastrzeżonego"),
    ("the job did not end in time", "zadanie nie skończyło się na czas"),
    ("the job ended, and the contact was not renamed", "zadanie się skończyło, a adres kontaktu się nie zmienił"),
    ("the job's state was refused", "odmówiono podania stanu zadania"),
    ("the opt-out was not sent on its own", "rezygnacji nie wysłano osobno"),
    ("the panel answered another page than was asked for", "panel podał inną stronę listy niż żądana"),
    (
        "the panel changed agreements of other shops as well; look at the account",
        "panel zmienił też zgody w innych sklepach; sprawdź to konto",
    ),
    ("the panel did not say what became of the change", "panel nie podał, co stało się ze zmianą"),
    ("the panel did not store the change", "panel nie zapisał zmiany"),
    ("the panel had it so already", "w panelu już tak było"),
    ("the panel ignored the limit of a page", "panel pominął ograniczenie strony listy"),
    ("the panel ignored the list of customers", "panel pominął listę klientów"),
    ("the panel ignored the search by e-mail", "panel pominął wyszukiwanie po adresie e-mail"),
    ("the rest of it was not sent", "pozostałej części nie wysłano"),
    ("this kind of panel cannot list its accounts", "ten rodzaj panelu nie podaje listy kont"),
    ("waits for an earlier event of the person", "czeka na wcześniejsze zdarzenie tej osoby"),
    ("waits for event (.+)", "czeka na zdarzenie {}"),
    ("waits for its contact", "czeka na swój kontakt"),
)
_STORED_EARLIER: tuple[tuple[str, str], ...] = (
    ("SALESmanago is still being told of this person", "dane tej osoby są właśnie przekazywane do SALESmanago"),
    ("it counts: the person was told of since", "uwzględniono: dane tej osoby przekazano później"),
    ("found by look-up", "potwierdzono odczytem"),
)
"""What earlier releases wrote beside attempts that may still be stored."""
_COMPILED = tuple((re.compile(pattern), polish) for pattern, polish in (*_SENTENCES, *_STORED_EARLIER))


def in_polish(detail: str) -> str:
    """Our own words in Polish; anybody else's as they came. `detail`: of an attempt, an event or a run."""
    for pattern, polish in _COMPILED:
        found = pattern.fullmatch(detail)
        if found is not None:
            return polish.format(*found.groups())
    return detail
