"""What is wrong with a list of subscribers, in Polish. The checks say it in English alone; a test holds each against this table."""

_LIST: tuple[tuple[str, str], ...] = (
    (r"at most (\d+) columns", "najwięcej kolumn: {}"),
    (r"at most (\d+) lines at a time", "najwięcej wierszy naraz: {}"),
    (
        r"the first line must name the columns, and one of them is `email`",
        "pierwszy wiersz musi zawierać nazwy kolumn, wśród nich `email`",
    ),
    (r"line (\d+) is no CSV: (.+)", "wiersza {} nie da się odczytać jako CSV: {}"),
    (
        r"several columns are read as `(\w+)`, leave the one that counts",
        "więcej niż jedną kolumnę odczytano jako `{}`, zostaw tę właściwą",
    ),
)
"""Of the list as a whole: an answer says it alone, a command behind the name of the file."""
_LINE: tuple[tuple[str, str], ...] = (
    (
        r"a quotation mark opens a cell there and is not closed at its end",
        "otwarty tam cudzysłów nie jest zamknięty na końcu komórki",
    ),
    (r"field larger than field limit \((\d+)\)", "najdłuższa dozwolona komórka ma {} znaków"),
    (r"the list says that the person does not agree", "według listy ta osoba nie wyraża zgody"),
    (r"who has an account comes with the first transfer of accounts", "osoby z kontem obejmuje pierwszy transfer kont"),
    (r"the date on which the person agreed is needed", "potrzebna jest data wyrażenia zgody"),
    (r"a consent to text messages needs a number", "zgoda na SMS wymaga numeru telefonu"),
    (r"this is no telephone number", "to nie jest numer telefonu"),
    (
        r"a day between 2000 and today is needed, with or without a time",
        "potrzebny jest dzień między rokiem 2000 a dzisiejszym, z godziną lub bez",
    ),
)
_FILE: tuple[tuple[str, str], ...] = (
    (r"(.+) cannot be read: (.+)\.", "Nie można odczytać pliku {}: {}."),
    (r"(.+) The lines themselves were taken\.", "{} Same wiersze zostały przyjęte."),
    *((rf"(.+): {pattern}\.", f"{{}}: {polish}.") for pattern, polish in _LIST),
)
SENTENCES: tuple[tuple[str, str], ...] = (*_FILE, *_LIST, *_LINE)
"""Pattern -> Polish. What a pattern leaves open is read by the same table."""
