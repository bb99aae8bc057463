"""Why something that was asked for cannot be done, in Polish. The use cases say it in English, for every door alike.

Pages and commands read it here. Tests hold every sentence that they may refuse with against this table; what somebody typed, a
path, the name of a setting stay as they are.
"""

import re

from app.configuration.in_polish import SENTENCES as CONFIGURATION
from app.domain.intake.refused import SENTENCES as REQUESTS
from app.domain.intake.warnings import rule_in_polish
from app.formats.in_polish import SENTENCES as LISTS

_NO_SUCH = {
    "shop": "Nie ma tu takiego sklepu.",
    "shop or account": "Nie ma tu takiego sklepu ani konta.",
    "event": "Nie ma tu takiego zdarzenia.",
    "person": "Nie ma tu takiej osoby.",
    "backfill": "Nie ma tu takiego transferu.",
    "comparison": "Nie ma tu takiego porównania.",
    "access request": "Nie ma tu takiego wniosku o dostęp do danych.",
    "request": "Nie ma tu takiego żądania.",
    "conflict": "Nie ma tu konfliktu, który można oznaczyć jako sprawdzony.",
    "item of hand-work": "Nie ma tu takiego zadania ręcznego.",
    "live key": "Nie ma tu takiego aktywnego klucza.",
    "push that is kept": "Nie ma tu takiego powiadomienia z zachowaną treścią.",
    "panel behind this address": "Pod tym adresem nie ma tu żadnego panelu.",
}
"""What `NotFound` names."""

_SENTENCES: tuple[tuple[str, str], ...] = (
    *((re.escape(f"There is no such {what} here."), polish) for what, polish in _NO_SUCH.items()),
    # -- first transfers and comparisons
    (
        "Causes are chosen for a repair. A preview compares everything and changes nothing.",
        "Przyczyny wybiera się do naprawy. Samo porównanie obejmuje wszystko i niczego nie zmienia.",
    ),
    (
        "A comparison of this shop is under way. Let it end first.",
        "Porównanie tego sklepu jeszcze trwa. Poczekaj, aż się skończy.",
    ),
    (
        re.escape(
            "The shop sends only customers who consented while ordering (policy order_consent), so there is no transfer of "
            "existing accounts (R64). Each of them is transferred with their next order that gives the consent."
        ),
        "Sklep przekazuje tylko osoby, które wyraziły zgodę przy zamówieniu (zasada order_consent), "
        "więc istniejących kont się nie przenosi (R64). Każde zostanie przekazane z kolejnym zamówieniem złożonym ze zgodą.",
    ),
    (
        r"The shop has no panel whose accounts can be listed\. Post the accounts as events instead, or set `panel` of the shop to "
        r"kind = (.+)\.",
        "Sklep nie ma panelu, z którego można pobrać listę kont. Prześlij konta jako zdarzenia albo ustaw `panel` sklepu na "
        "kind = {}.",
    ),
    (
        r"The accounts of a shop on (.+) cannot be listed\. Post them as events instead\.",
        "Ze sklepu na platformie {} nie można pobrać listy kont. Prześlij konta jako zdarzenia.",
    ),
    (
        "A backfill of this shop is under way. Let it end, or cancel it first.",
        "Pierwszy transfer tego sklepu jeszcze trwa. Poczekaj, aż się skończy, albo go anuluj.",
    ),
    ("Only a backfill that is moving can be paused.", "Wstrzymać można tylko transfer, który trwa."),
    ("Only a paused backfill can be resumed.", "Wznowić można tylko wstrzymany transfer."),
    (
        "Only a backfill that waits for approval after its dry run can be approved.",
        "Zatwierdzić można tylko transfer, który po próbie na sucho czeka na zatwierdzenie.",
    ),
    ("The backfill is over.", "Ten transfer już się zakończył."),
    # -- shops and keys
    (
        "The shop is enabled. Set `enabled = false` in the file, apply it, and remove the shop then.",
        "Sklep jest włączony. Ustaw w pliku `enabled = false`, zastosuj go i dopiero wtedy usuń sklep.",
    ),
    (
        r"Unsent commands of the shop: (\d+), perhaps resignations among them\. Enable it until they are sent, or say "
        r"--unsent-too to drop them\.",
        "Polecenia sklepu, których jeszcze nie wysłano: {} (mogą być wśród nich rezygnacje). Włącz sklep, aż zostaną wysłane, "
        "albo dodaj --unsent-too, aby usunąć je bez wysyłania.",
    ),
    (
        r"Write (\[shops\.(?:.+)\.panel\]) with kind = \"idosell\", base_url and api_key first, and apply it\.",
        'Najpierw wpisz {} z kind = "idosell", base_url i api_key, i zastosuj plik.',
    ),
    (
        r"the shop has (\d+) live keys already \((.+)\); revoke one first",
        "Sklep ma już aktywne klucze: {} ({}). Najpierw unieważnij jeden z nich.",
    ),
    (
        "The running gateway was started with other encryption keys. Restart every process of it with the new key first, "
        "followed by the old one, in GATEWAY_ENCRYPTION_KEYS.",
        "Działająca bramka została uruchomiona z innymi kluczami szyfrowania. Uruchom ponownie każdy jej proces z nowym kluczem "
        "na pierwszym miejscu, a po nim ze starym, w GATEWAY_ENCRYPTION_KEYS.",
    ),
    (
        r"No callback_secret is configured there\. Write one into the file of `gateway apply`\.",
        "Nie skonfigurowano tam callback_secret. Wpisz go do pliku i zastosuj poleceniem `gateway apply PLIK --pl`.",
    ),
    (r"The shop has no such host\.", "Sklep nie ma takiej domeny."),
    # -- the process and its database
    (
        r"The gateway that runs here is of version (.+), this command of version (.*)\. Restart the gateway, or use the command it "
        r"was installed with\.",
        "Działająca tu bramka jest w wersji {}, a to polecenie w wersji {}. Uruchom bramkę ponownie albo użyj polecenia, "
        "z którym ją zainstalowano.",
    ),
    (
        r"There is no database at (.+)\. `gateway serve` or `gateway apply` makes one; is this the right folder\?",
        "Nie ma bazy danych {}. Tworzy ją `gateway serve` lub `gateway apply --pl`; czy to właściwy folder?",
    ),
    (
        r"The database (.+) is empty\. `gateway serve` or `gateway apply` prepares it\.",
        "Baza danych {} jest pusta. Przygotuje ją `gateway serve` lub `gateway apply --pl`.",
    ),
    (
        r"A newer version of the gateway migrated the database (.+)\. Use that version's command\.",
        "Bazę danych {} zmieniła nowsza wersja bramki. Użyj polecenia z tamtej wersji.",
    ),
    (
        r"A newer version of the gateway migrated this database\. Run that version, or restore a backup from before\.",
        "Tę bazę danych zmieniła nowsza wersja bramki. Uruchom tamtą wersję albo odtwórz kopię zapasową sprzed zmiany.",
    ),
    (
        r"The database (.+) is of an older version\. `gateway serve` or `gateway apply` migrates it\.",
        "Baza danych {} jest w starszej wersji. Zaktualizuje ją `gateway serve` lub `gateway apply --pl`.",
    ),
    (r"(.+) is in use by a running gateway\.", "Z pliku {} korzysta działająca bramka."),
    (
        "GATEWAY_ENCRYPTION_KEYS is missing: secrets are stored encrypted. Make a key with `gateway keys encryption`.",
        "Brakuje GATEWAY_ENCRYPTION_KEYS: hasła i klucze są przechowywane zaszyfrowane. "
        "Utwórz klucz poleceniem `gateway keys encryption`.",
    ),
    (
        "GATEWAY_ENCRYPTION_KEYS is missing; make a key with: gateway keys encryption",
        "Brakuje GATEWAY_ENCRYPTION_KEYS; utwórz klucz: gateway keys encryption",
    ),
    (
        "GATEWAY_ENCRYPTION_KEYS holds something that is no key; make a key with: gateway keys encryption",
        "W GATEWAY_ENCRYPTION_KEYS jest coś, co nie jest kluczem; utwórz klucz: gateway keys encryption",
    ),
    (
        "GATEWAY_ENCRYPTION_KEYS: a key that can be guessed; make one with: gateway keys encryption",
        "GATEWAY_ENCRYPTION_KEYS: ten klucz można odgadnąć; utwórz nowy: gateway keys encryption",
    ),
    (
        "GATEWAY_ENCRYPTION_KEYS: no key of the ring opens the stored secrets; add the key that was used before",
        "GATEWAY_ENCRYPTION_KEYS: żaden z kluczy nie otwiera zapisanych haseł; dodaj klucz, którego używano wcześniej",
    ),
    (r"The store cannot take events at the moment\.", "Baza danych nie może teraz przyjąć zdarzeń. Spróbuj za chwilę."),
    # -- what a request asked for
    (
        r"See /docs for what there is\.",
        "Takiego adresu bramka nie zna. Sprawdź pisownię, także nazwy sklepu; wszystkie adresy są na stronie /docs.",
    ),
    (
        r"This is a defect of ours; it was noted\. (?:.+)",
        "Podczas przetwarzania wystąpił błąd po naszej stronie; szczegóły są w logu. Spróbuj ponownie później.",
    ),
    # -- what the line says, of Typer's
    (r"Invalid value for (.+?): (.+)", "Niewłaściwa wartość {}: {}"),
    (r"Invalid value: (.+)", "{}"),
    (r"Missing (?:argument|parameter|option) (.+?)\.", "Brakuje {}."),
    (r"No such command (.+?)\. Did you mean (.+)\?", "Nie ma polecenia {}. Może chodziło o {}?"),
    (r"No such command (.+?)\.", "Nie ma polecenia {}."),
    (r"Missing command\.", "Brakuje polecenia."),
    (r"No such option: (\S+) \(Possible options: (.+)\)", "Nie ma opcji {}. Podobne: {}."),
    (r"No such option: (\S+) Did you mean (.+)\?", "Nie ma opcji {}. Może chodziło o {}?"),
    (r"No such option: (\S+)", "Nie ma opcji {}."),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", "Zbędne w tym wierszu: {}"),
    (r"Option (.+) requires an argument\.", "Opcja {} wymaga wartości."),
    (r"Option (.+) does not take a value\.", "Opcja {} nie przyjmuje wartości."),
    (r"A filter is empty\. Leave it out if it does not matter\.", "Filtr jest pusty. Pomiń go, jeśli nie ma znaczenia."),
    (
        r"Say which: a shop, --event, --reason, --words, or --all\.",
        "Podaj, co ponowić: sklep, --event, --reason, --words albo --all.",
    ),
    (r"--role is one of (.+)\.", "--role to jedno z: {}."),
    (r"Name the shop: (gateway keys issue) SHOP", "Podaj sklep: {} SKLEP --pl"),
    (
        r"A key for people reads every shop; leave the shop out, or leave out --role\.",
        "Klucz pracownika obejmuje wszystkie sklepy; pomiń sklep albo --role.",
    ),
    # -- values, of Pydantic's and of ours
    (r"Input should be a valid integer(?:, .+)?", "potrzebna jest liczba całkowita"),
    (r"Input should be a valid number(?:, .+)?", "potrzebna jest liczba"),
    (r"Input should be a valid boolean(?:, .+)?", "potrzebne jest true albo false"),
    (r"Input should be a valid string", "potrzebny jest tekst"),
    (r"Input should be greater than or equal to (.+)", "najmniejsza dozwolona wartość to {}"),
    (r"Input should be less than or equal to (.+)", "największa dozwolona wartość to {}"),
    (r"Input should be greater than (.+)", "potrzebna jest wartość większa niż {}"),
    (r"Input should be less than (.+)", "potrzebna jest wartość mniejsza niż {}"),
    (r"Input should be ('.+) or ('.+')", "dozwolone wartości: {}, {}"),
    (r"Input should be ('.+')", "dozwolona wartość: {}"),
    (r"String should have at least (\d+) characters?", "za krótkie; najmniejsza liczba znaków: {}"),
    (r"String should have at most (\d+) characters?", "za długie; największa liczba znaków: {}"),
    (r"\w+ should have at most (\d+) items? after validation, not \d+", "za dużo pozycji; najwięcej: {}"),
    (r"\w+ should have at least (\d+) items? after validation, not \d+", "za mało pozycji; najmniej: {}"),
    (r"1 to 128 visible ASCII characters", "potrzebnych jest od 1 do 128 widocznych znaków ASCII"),
    (
        r"control characters and signs that cannot be seen are not allowed",
        "znaki sterujące i niewidoczne są niedozwolone",
    ),
    (
        r"this is not an e-mail address with an internet domain, at most 254 characters",
        "to nie jest adres e-mail z domeną internetową, najwyżej 254 znaki",
    ),
    (
        r"an e-mail address has at most (\d+) characters before the @",
        "część adresu przed @ jest za długa; największa liczba znaków: {}",
    ),
    (r"the domain of the address has no dot", "w domenie adresu nie ma kropki"),
    # -- the process, its settings and its files
    (r"(GATEWAY_[A-Z_]+): (.+)", "{}: {}"),
    (
        r"write addresses or networks like (\S+), separated by commas",
        "podaj adresy lub sieci w postaci {}, rozdzielone przecinkami",
    ),
    (r"a signing secret is base64 with the prefix whsec_", "klucz podpisu to tekst base64 z przedrostkiem whsec_"),
    (
        r"GATEWAY_ALARM_SMTP_HOST is missing: which server takes the mails\?",
        "Brakuje GATEWAY_ALARM_SMTP_HOST: który serwer ma przyjmować wiadomości?",
    ),
    (
        r"GATEWAY_ALARM_EMAIL_FROM is missing: from whom are the mails\?",
        "Brakuje GATEWAY_ALARM_EMAIL_FROM: od kogo mają być wiadomości?",
    ),
    (r"GATEWAY_ALARM_SMTP_(USER|PASSWORD) is missing: both, or neither", "Brakuje GATEWAY_ALARM_SMTP_{}: podaj oba albo żadnego"),
    (
        r"none only to a server on this machine; choose starttls or tls",
        "none tylko dla serwera na tej maszynie; wybierz starttls albo tls",
    ),
    (r"(.+): no e-mail address", "{}: to nie jest adres e-mail"),
    (
        r"The running gateway did not answer on its control socket \((.+)\)\.",
        "Działająca bramka nie odpowiedziała przez gniazdo sterujące ({}).",
    ),
    (
        r"The database cannot be used \((.+)\)\. Look at GATEWAY_DATABASE_URL\.",
        "Nie można użyć bazy danych ({}). Sprawdź GATEWAY_DATABASE_URL.",
    ),
    (
        r"The gateway that runs here is of an older version than this command, so its answer cannot be read\. (?:.+)",
        "Działająca tu bramka jest w starszej wersji niż to polecenie, więc nie da się odczytać jej odpowiedzi. "
        "Uruchom ją ponownie i sprawdź jeszcze raz: to, o co proszono, mogło się już wykonać.",
    ),
    (r"(.+) exists already; name a new file\.", "Plik {} już istnieje; podaj nowy."),
    (r"(.+) cannot be written: File exists\.", "{}: taki plik już istnieje."),
    (r"(.+) cannot be written: No such file or directory\.", "{}: nie ma takiego folderu."),
    (r"(.+) cannot be written: Permission denied\.", "{}: brak uprawnień do zapisu."),
    (r"(.+) cannot be written: .+", "Nie można zapisać pliku {}."),
    (
        r"begin it with https:// \(http:// only for this machine\)",
        "adres musi zaczynać się od https:// (http:// tylko dla tej maszyny)",
    ),
    (
        r"begin it with sqlite\+aiosqlite:/// or postgresql\+asyncpg://",
        "adres musi zaczynać się od sqlite+aiosqlite:/// albo postgresql+asyncpg://",
    ),
)
_COMPILED = tuple((re.compile(pattern), polish) for pattern, polish in (*LISTS, *_SENTENCES, *REQUESTS, *CONFIGURATION))


def in_polish(words: str) -> str:
    """Line by line. What has no Polish words stays as it is."""
    return "\n".join(_line(line) for line in words.split("\n"))


def _line(words: str) -> str:
    for pattern, polish in _COMPILED:
        found = pattern.fullmatch(words)
        if found is not None:
            return polish.format(*(_line(part) for part in found.groups()))
    return rule_in_polish(words) or words
