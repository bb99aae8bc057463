"""Why the API did not take a request, in Polish: what a problem document says, and what is wrong with a field (R93).

Callers read English alone; it stands so in the log of requests. Tests hold what the API can answer against this table.
"""

SENTENCES: tuple[tuple[str, str], ...] = (
    (r"Nothing was stored\.", "Niczego nie zapisano."),
    (r"Nothing was done\.", "Niczego nie zmieniono."),
    # -- the request as a whole
    (r"1 field needs another value\. (.+)", "Jedno pole ma niewłaściwą wartość. {}"),
    (r"(\d+) fields need another value\. (.+)", "Pola z niewłaściwą wartością: {}. {}"),
    (
        r"(\d+) of (\d+) events were taken, (\d+) rejected, (\d+) in conflict\.",
        "Przyjęte zdarzenia: {} z {}, odrzucone: {}, sprzeczne z przyjętymi wcześniej: {}.",
    ),
    (
        r"All (\d+) need another content or another event_id\. Nothing was stored; `items` says what is wrong\.",
        "Każde z tych zdarzeń wymaga innej treści albo innego event_id (liczba: {}). Niczego nie zapisano; przyczyny podaje "
        "`items`.",
    ),
    (r"This event_id was accepted before with other content\.", "To event_id przyjęto już wcześniej z inną treścią."),
    (r"Leave out the sign NUL \(%00\)\. (.+)", "Usuń z adresu znak NUL (%00). {}"),
    (
        r"At most 1 MiB for an event, 5 MiB for a batch or a list, 8 KiB for a callback\. (.+)",
        "Zdarzenie może mieć najwyżej 1 MiB, paczka zdarzeń lub lista 5 MiB, wywołanie zwrotne 8 KiB. {}",
    ),
    (
        r"At most 8 KiB for the path, and 8 KiB for the query\. (.+)",
        "Ścieżka adresu może mieć najwyżej 8 KiB, parametry także 8 KiB. {}",
    ),
    (r"(Nothing was \w+\.) Send it again\.", "{} Wyślij to jeszcze raz."),
    (
        r"Too much is being sent at once\. Nothing of this request was stored\.",
        "Naraz przychodzi zbyt wiele danych. Z tego żądania niczego nie zapisano.",
    ),
    # -- who asked
    (
        r"Send `Authorization: Bearer <shop key>`; `gateway keys issue SHOP` makes a key\.",
        "Wyślij `Authorization: Bearer <klucz sklepu>`; klucz tworzy `gateway keys issue SKLEP --pl`.",
    ),
    (
        r"This key may only read\. It takes one of the role (.+)\.",
        "Ten klucz służy tylko do odczytu. Potrzebny jest klucz z rolą {}.",
    ),
    (
        r"The request is not signed as this shop signs its requests\.",
        "Żądanie nie jest podpisane tak, jak ten sklep podpisuje swoje żądania.",
    ),
    (r"The push carries no token and signature of this source\.", "Powiadomienie nie ma tokenu i podpisu tego źródła."),
    (r"The callback carries no key that fits\.", "Wywołanie zwrotne nie ma pasującego klucza."),
    (
        r"This address was refused too often\. A valid key passes all the same\. Come again in (\d+) s\.",
        "Z tego adresu przyszło zbyt wiele odrzuconych żądań. Ważny klucz działa mimo to. Spróbuj ponownie za {} s.",
    ),
    (r"The requests of this key are used up\.", "Limit żądań tego klucza się wyczerpał."),
    (r"(The requests of this key are used up\.) Come again in (\d+) s\.", "{} Spróbuj ponownie za {} s."),
    # -- the body, and what is wrong with a field
    (r"\(the whole body\)", "(cała treść)"),
    (
        r"send one JSON object with the header Content-Type: application/json",
        "wyślij jeden obiekt JSON z nagłówkiem Content-Type: application/json",
    ),
    (
        r"send a JSON array of 1 to 1,000 events, each with its `type`, or one event per line with Content-Type: "
        r"application/x-ndjson",
        "wyślij tablicę JSON od 1 do 1000 zdarzeń, każde z polem `type`, albo po jednym zdarzeniu w wierszu z nagłówkiem "
        "Content-Type: application/x-ndjson",
    ),
    (r"every item is one JSON object with its `type`", "każda pozycja to jeden obiekt JSON z polem `type`"),
    (r"send CSV: a heading line, then a line per subscriber", "wyślij CSV: wiersz z nazwami kolumn, a po nim wiersz na osobę"),
    (
        r"leave this header out and send the body uncompressed",
        "pomiń ten nagłówek i wyślij treść bez kompresji",
    ),
    (
        r"every event needs an id, here or as header Idempotency-Key",
        "każde zdarzenie musi mieć identyfikator, tutaj albo w nagłówku Idempotency-Key",
    ),
    (r"give the parameter (\w+) once", "podaj parametr {} jeden raz"),
    (r"another form is needed, like that of the example", "potrzebna jest inna postać, taka jak w przykładzie"),
    (r"email or customer_id must say whose tags these are", "email lub customer_id musi wskazać, czyje to tagi"),
    (
        r"say either what changed \(added, removed, renamed\) or the full set \(tags\)",
        "podaj albo to, co się zmieniło (added, removed, renamed), albo pełny zestaw (tags)",
    ),
    (r"email and customer\.email must name the same person", "email i customer.email muszą wskazywać tę samą osobę"),
    (r"give email or order_id, one of them", "podaj email albo order_id"),
    (r"Extra inputs are not permitted", "nie ma takiego pola"),
)
"""Pattern -> Polish. What a pattern leaves open is read by the same table."""
