"""What is wrong with the file of shops, in Polish. The checks say it in English alone; a test holds each against this table.

Names of settings, values and paths stay as they are.
"""

_PLACE = r"((?:accounts|shops)(?:\..+?)?)"
_PLACES: tuple[tuple[str, str], ...] = (
    (f"{_PLACE}: Field required", "{}: brakuje tego ustawienia"),
    (f"{_PLACE}: Extra inputs are not permitted", "{}: nie ma takiego ustawienia"),
    (r"([\w-]+): Extra inputs are not permitted", "{}: nie ma takiej tabeli; są accounts i shops"),
    (f"{_PLACE}: Input should be a valid dictionary(?:.*)", "{}: potrzebna jest tabela"),
    (f"{_PLACE}: (.+)", "{}: {}"),
    ("(.+): a name has lower-case letters, digits and -", "{}: nazwa składa się z małych liter, cyfr i znaku -"),
)
_FILE: tuple[tuple[str, str], ...] = (
    ("(.+): there is no such file", "{}: nie ma takiego pliku"),
    ("(.+): cannot be read: (.+)", "{}: nie można odczytać tego pliku ({})"),
    ("(.+): is no UTF-8 text", "{}: to nie jest tekst w UTF-8"),
    (r"(.+?): (.+) \(at line (\d+), column (\d+)\)", "{}: {} (wiersz {}, kolumna {})"),
    (r"(.+?): (.+) \(at end of document\)", "{}: {} (na końcu pliku)"),
    # -- what the system and the parser of TOML say
    ("No such file or directory", "nie ma takiego pliku"),
    ("Permission denied", "brak uprawnień"),
    ("Is a directory", "to jest folder"),
    ("Not a directory", "w ścieżce jest plik zamiast folderu"),
    ("Cannot overwrite a value", "tę wartość już podano"),
    ("Cannot declare (.+) twice", "tabelę {} podano dwa razy"),
    ("Cannot (?:mutate immutable|redefine) namespace (.+)", "tabelę {} podano już w inny sposób"),
    ("Duplicate inline table key (.+)", "klucz {} podano dwa razy"),
    ("Escaped character is not a Unicode scalar value", "takiego znaku nie ma w Unicode"),
    ("Expected '=' after a key in a key/value pair", "po nazwie brakuje znaku ="),
    ("Expected '(]+)' at the end of an? (?:table|array) declaration", "na końcu nazwy tabeli brakuje {}"),
    ("Expected newline or end of document after a statement", "za wartością jest coś jeszcze"),
    ("Expected (.+)", "brakuje {}"),
    ("(?:Found invalid|Illegal) character (.+)", "niedozwolony znak {}"),
    ("Invalid date or datetime", "takiej daty lub godziny nie ma"),
    ("Invalid hex value", "nieprawidłowy kod znaku"),
    ("Invalid initial character for a key part", "brakuje nazwy albo zaczyna się ona niedozwolonym znakiem"),
    ("Invalid statement", "tego wiersza nie da się odczytać"),
    ("Invalid value", "tej wartości nie da się odczytać; tekst pisze się w cudzysłowie"),
    ("Unclosed array", "lista nie jest zamknięta"),
    ("Unclosed inline table", "tabela w nawiasach {{ }} nie jest zamknięta"),
    (r"Unescaped '\\' in a string", r"znak \ w tekście trzeba podwoić"),
    ("Unterminated string", "tekst nie jest zamknięty cudzysłowem"),
)
_VALUES: tuple[tuple[str, str], ...] = (
    ("control characters are not allowed", "znaki sterujące są niedozwolone"),
    ("the environment has no (.+)", "w środowisku nie ma zmiennej {}"),
    ("cannot read (.+)", "nie można odczytać pliku {}"),
    (
        'write secrets as a reference: "env:NAME" or "file:/path"',
        'hasła i klucze podaje się jako odwołanie: "env:NAZWA" albo "file:/ścieżka"',
    ),
    ('give an address like "(.+)"', 'podaj adres w postaci "{}"'),
    (
        r"http:// is accepted for loopback addresses only; use https://",
        "http:// jest dozwolone tylko dla adresów tej maszyny (loopback); użyj https://",
    ),
    (
        "no user or password in an address; the signature proves who is calling",
        "adres nie może zawierać nazwy użytkownika ani hasła; nadawcę potwierdza podpis",
    ),
    (
        "a callback secret has exactly 16 characters of A-Z a-z 0-9",
        "klucz wywołań zwrotnych ma dokładnie 16 znaków spośród A-Z a-z 0-9",
    ),
    ("that secret can be guessed; make one with: (.+)", "ten klucz można odgadnąć; utwórz nowy: {}"),
    ('a signing secret is base64 with the prefix "whsec_"', "klucz podpisu to tekst base64 z przedrostkiem whsec_"),
    (
        r"a signing secret has at least (\d+) random bytes: whsec_ and then `(.+)`",
        "klucz podpisu ma co najmniej {} losowych bajtów: whsec_ i za nim wynik `{}`",
    ),
    (
        r"at least (\d+) random ASCII characters; `gateway connect` makes one",
        "potrzebnych jest co najmniej {} losowych znaków ASCII; tworzy je `gateway connect idosell SKLEP --pl`",
    ),
    ('name a time zone like "(.+)"', 'podaj strefę czasową w postaci "{}"'),
    (
        "3 to 36 characters of a-z, 0-9 and _, not beginning with a digit",
        "potrzebnych jest od 3 do 36 znaków spośród a-z, 0-9 i _, a pierwszy nie może być cyfrą",
    ),
    (
        'name a domain like "(.+)", without "https://" and path',
        'podaj domenę w postaci "{}", bez "https://" i bez ścieżki',
    ),
    (r'write an address with \{token\} in it: "(.+)"', 'podaj adres zawierający {{token}}: "{}"'),
    (
        'write an address or a network like "(.+)"; the bits behind the prefix are zero',
        'podaj adres lub sieć w postaci "{}"; bity za prefiksem są zerami',
    ),
    (
        r"(.+) is no domain: write one like (\S+) \(its subdomains belong to it\), (\S+) for every ending, (\S+) for the "
        "subdomains alone, or a whole address",
        "{} to nie domena: podaj ją w postaci {} (obejmuje też subdomeny), {} (każda końcówka), {} (same subdomeny) albo podaj "
        "cały adres",
    ),
    ("Input should be a valid (?:tuple|list)", "potrzebna jest lista"),
    ("Input should be a finite number", "potrzebna jest liczba skończona"),
    (
        "Input should be a valid datetime(?:.*)|Input should have timezone info",
        "potrzebny jest czas ze strefą, np. 2026-01-01T00:00:00+01:00",
    ),
    ("String should match pattern '(.+)'", "tekst nie ma wymaganej postaci {}"),
)
_TOGETHER: tuple[tuple[str, str], ...] = (
    ("there is no account (.+) in this file", "w tym pliku nie ma konta {}"),
    (
        r"(.+) is taken by shop (.+); every shop needs its own \(R16\)",
        "nazwę {} ma już sklep {}; każdy sklep potrzebuje własnej (R16)",
    ),
    (r"it is (.+) for ever \(R16\)", "tej nazwy nie można zmienić, pozostaje {} (R16)"),
    ('a panel of kind "(.+)" needs base_url and api_key', 'panel rodzaju "{}" wymaga base_url i api_key'),
    ("webhook_url and webhook_secret belong together", "webhook_url i webhook_secret podaje się razem"),
    (
        "panel: the number of the panel is needed; it is shown beside the webhooks, and by `gateway connect`",
        "panel: potrzebny jest numer panelu; widać go przy webhookach, podaje go też `gateway connect idosell SKLEP --pl`",
    ),
    (
        "without tokens no webhook is believed, and without scan nobody asks: the shop would tell nothing",
        "bez tokens żaden webhook nie jest przyjmowany, a bez scan nikt nie pyta panelu: ze sklepu nic by nie przyszło",
    ),
    (
        "secrets: WooCommerce signs with the secret of its webhook; name it here",
        "secrets: WooCommerce podpisuje kluczem swojego webhooka; podaj go tutaj",
    ),
    (
        'a day that ends when it begins has no night; give "from" and "to" of one day',
        'taki dzień nie zostawia nocy; podaj w "from" i "to" dwie różne godziny',
    ),
    (
        r"(properties\.\w+): no field of a person is called (.+); there are (.+)",
        "{}: osoba nie ma pola {}; do wyboru: {}",
    ),
    (
        r"(properties\.gender): the gateway fills this one itself; choose another name",
        "{}: to pole wypełnia sama bramka; wybierz inną nazwę",
    ),
    (
        r"((?:properties|event_details)\.\w+): (.+) is not among `fields`, so it may not travel",
        "{}: `fields` nie obejmuje {}, więc tego pola nie wolno wysyłać",
    ),
    (r"(event_details\.\w+): not free; free are (.+)", "{}: to miejsce jest zajęte; wolne: {}"),
    (r"(event_details\.\w+): no such thing as (.+); there are (.+)", "{}: nie ma {}; do wyboru: {}"),
    (
        r"source: the scan reads the panel's API; write \[panel\] with kind = \"idosell\", or source\.scan = false",
        'source: bramka odczytuje panel przez jego API; dopisz [panel] z kind = "idosell" albo source.scan = false',
    ),
    (
        r'policy "order_consent" sends people by the consent box of their order, and IdoSell (?:.+)',
        'przy policy "order_consent" wysyłane są tylko osoby, które zaznaczyły zgodę przy zamówieniu, a IdoSell nie podaje tej '
        "odpowiedzi w żadnym webhooku ani w API (R84): nikt nie zostałby wysłany. Wskaż, skąd ma przyjść: "
        'source.consent_box = "webhook", jeśli panel przesyła ją programowalnym webhookiem "order_consent" (treść do wklejenia: '
        'docs/start/idosell.md), "rest", jeśli sklep sam przesyła zamówienia; albo wybierz policy "all_customers".',
    ),
    (
        r'policy "order_consent" sends people by the consent box of their order: name the field (?:.+)',
        'przy policy "order_consent" wysyłane są tylko osoby, które zaznaczyły zgodę przy zamówieniu: wskaż pole zamówienia z tą '
        'odpowiedzią, source.consent_field = "_marketing_consent", albo wybierz policy "all_customers".',
    ),
)
SENTENCES: tuple[tuple[str, str], ...] = (*_FILE, *_PLACES, *_VALUES, *_TOGETHER)
"""Pattern -> Polish. What a pattern leaves open is read by the same table."""
