"""Why something was not sent, or not yet: a code, a sentence, and what to do about it, in English and Polish.

A catalogue, left whole: who adds a reason writes its code and its words side by side.
"""

from enum import StrEnum

from app.domain.values import value


class Reason(StrEnum):
    """Why something is not sent, not carried out, or waits for a person."""

    NO_CONSENT = "no_consent"
    ORDER_NOT_CONSENTED = "order_not_consented"
    BEFORE_CONSENT = "before_consent"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    BEFORE_INTEGRATION = "before_integration"
    PURCHASE_NOT_SENT = "purchase_not_sent"
    ORDER_ALREADY_SENT = "order_already_sent"
    ORDER_CANCELLED_FIRST = "order_cancelled_first"
    ORDER_REPLACED = "order_replaced"
    ORDER_OF_ANOTHER_ADDRESS = "order_of_another_address"
    ORDER_NOT_UPDATABLE = "order_not_updatable"
    WAITS_FOR_ORDER = "waits_for_order"
    ORDER_NEVER_CAME = "order_never_came"
    RETURN_ALREADY_SENT = "return_already_sent"
    UNCONFIRMED_REMOVAL = "unconfirmed_removal"
    BLOCKED_ADDRESS = "blocked_address"
    ADDRESS_UNKNOWN = "address_unknown"
    ADDRESS_INVALID = "address_invalid"
    SHARED_ADDRESS = "shared_address"
    ADDRESS_OF_ANOTHER_ACCOUNT = "address_of_another_account"
    NO_ACCOUNT = "no_account"
    ACCOUNT_ELSEWHERE = "account_elsewhere"
    ERASED = "erased"
    NOT_KNOWN_THERE = "not_known_there"
    NOTHING_NEW = "nothing_new"
    TAGS_MAY_NOT_TRAVEL = "tags_may_not_travel"
    TOO_MANY_TAGS = "too_many_tags"
    TAG_OF_ANOTHER_SHOP = "tag_of_another_shop"
    ALREADY_QUEUED = "already_queued"
    WAITS_FOR_PARKED = "waits_for_parked"
    CART_WAITS = "cart_waits"
    CART_REPLACED = "cart_replaced"
    CART_EMPTIED = "cart_emptied"
    CART_BOUGHT = "cart_bought"
    CART_UNCHANGED = "cart_unchanged"
    CART_STALE = "cart_stale"
    REPORT_READY = "report_ready"
    SHADOW = "shadow"
    SHOP_DISABLED = "shop_disabled"
    OPT_IN_NOT_CONFIRMED = "opt_in_not_confirmed"
    OPT_OUT_NOT_CONFIRMED = "opt_out_not_confirmed"
    OPTED_OUT_THERE = "opted_out_there"
    SHOP_IS_NEWER = "shop_is_newer"
    NO_CARRIER_OF_TAGS = "no_carrier_of_tags"
    NO_ACCOUNT_IN_PANEL = "no_account_in_panel"
    NOT_ACTIVE_IN_SHOP = "not_active_in_shop"
    PANEL_REFUSED = "panel_refused"
    NOT_CONNECTED = "not_connected"
    ERASED_BY_ANOTHER_SHOP = "erased_by_another_shop"
    REPLACED = "replaced"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    RULE_FAILED = "rule_failed"
    DEFECT = "defect"


@value()
class Explanation:
    """`why` and `what_to_do`, for the merchant's staff. `rule` is the row of the requirements it comes from."""

    rule: str
    why: str
    what_to_do: str
    why_pl: str
    what_to_do_pl: str


EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.NO_CONSENT: Explanation(
        "R03",
        "The shop sends only customers who consented while placing an order, and this person has not consented yet.",
        "Nothing. With the first order in which the person consents, everything true by then is transferred.",
        "Sklep przekazuje tylko klientów, którzy wyrazili zgodę przy składaniu zamówienia, a ta osoba jeszcze jej nie wyraziła.",
        "Nic. Z pierwszym zamówieniem złożonym ze zgodą zostanie przekazane wszystko, co wtedy będzie aktualne.",
    ),
    Reason.ORDER_NOT_CONSENTED: Explanation(
        "R04",
        "The consent box of this order was left unticked, so this order stays in the shop.",
        "Nothing. Earlier consents stand; later orders are judged by their own box.",
        "Zgoda przy tym zamówieniu nie została zaznaczona, więc zamówienia nie przekazano.",
        "Nic. Wcześniejsze zgody pozostają ważne; kolejne zamówienia ocenia się osobno.",
    ),
    Reason.BEFORE_CONSENT: Explanation(
        "R07",
        "This happened before the person consented; orders, carts and views from before the consent are never transferred.",
        "Nothing.",
        "To zdarzenie miało miejsce przed wyrażeniem zgody; wcześniejszych zamówień, koszyków i odsłon nie przekazuje się.",
        "Nic.",
    ),
    Reason.CONSENT_WITHDRAWN: Explanation(
        "R04",
        "The person withdrew the consent to be transferred; nothing of theirs goes out any more.",
        "Only a new consent of the person reopens the transfer. To remove what SALESmanago already holds, post an erasure.",
        "Osoba wycofała zgodę na przekazywanie danych; nic jej dotyczącego nie jest już wysyłane.",
        "Przekazywanie wznowi tylko nowa zgoda. Aby usunąć dane z SALESmanago, wyślij żądanie usunięcia.",
    ),
    Reason.BEFORE_INTEGRATION: Explanation(
        "R15",
        "The order was placed before the shop's integration started; historical orders are not sent as purchases.",
        "Nothing. If the start is wrong, correct `integration_started_at` of the shop.",
        "Zamówienie złożono przed uruchomieniem integracji; historycznych zamówień nie wysyła się jako zakupów.",
        "Nic. Jeśli data startu jest błędna, popraw `integration_started_at` sklepu.",
    ),
    Reason.PURCHASE_NOT_SENT: Explanation(
        "R17",
        "The purchase of this order was never sent, so there is nothing to cancel or return in SALESmanago.",
        "Nothing.",
        "Zakup z tego zamówienia nie został wysłany, więc w SALESmanago nie ma czego anulować ani zwracać.",
        "Nic.",
    ),
    Reason.ORDER_ALREADY_SENT: Explanation(
        "R13",
        "The purchase of this order is known already; one order is one purchase.",
        "Nothing.",
        "Zakup z tego zamówienia jest już znany; jedno zamówienie to jeden zakup.",
        "Nic.",
    ),
    Reason.ORDER_CANCELLED_FIRST: Explanation(
        "R17",
        "The order arrived after its own cancellation, so neither is sent.",
        "Nothing.",
        "Zamówienie dotarło po swoim anulowaniu, więc nie wysłano ani zakupu, ani anulowania.",
        "Nic.",
    ),
    Reason.ORDER_REPLACED: Explanation(
        "R18",
        "The shop has sent a newer version of this order already; an older one changes nothing.",
        "Nothing.",
        "Sklep podał już nowszą wersję tego zamówienia; starsza niczego nie zmienia.",
        "Nic.",
    ),
    Reason.ORDER_OF_ANOTHER_ADDRESS: Explanation(
        "R18",
        "The purchase was sent for another e-mail address, and SALESmanago cannot move an event from one contact to another.",
        "If the first address was wrong, delete the purchase on that contact's card in SALESmanago.",
        "Zakup wysłano dla innego adresu e-mail, a SALESmanago nie potrafi przenieść zdarzenia do innego kontaktu.",
        "Jeśli pierwszy adres był błędny, usuń zakup na karcie tamtego kontaktu w SALESmanago.",
    ),
    Reason.ORDER_NOT_UPDATABLE: Explanation(
        "R18",
        "The order has changed, but its event cannot be changed: it left together with many others, and then SALESmanago does not "
        "name its id, or it belongs to a merged contact.",
        "Nothing, or correct the purchase on the contact's card in SALESmanago.",
        "Zamówienie się zmieniło, ale nie da się zmienić zdarzenia: wysłano je razem z wieloma innymi i SALESmanago nie podało "
        "jego numeru albo należy do scalonego kontaktu.",
        "Nic, albo popraw zakup na karcie kontaktu w SALESmanago.",
    ),
    Reason.WAITS_FOR_ORDER: Explanation(
        "R19",
        "The order it concerns has not arrived yet. It waits up to seven days and follows the order when that is sent.",
        "Nothing, if the order is still to come. Otherwise post the order, or check the order number.",
        "Zamówienie, którego to dotyczy, jeszcze nie dotarło. Czeka do siedmiu dni i zostanie wysłane po zamówieniu.",
        "Nic, jeśli zamówienie ma jeszcze nadejść. W przeciwnym razie wyślij je lub sprawdź jego numer.",
    ),
    Reason.ORDER_NEVER_CAME: Explanation(
        "R19",
        "The order it concerns did not arrive for seven days, so there was no purchase to take back.",
        "Check the order number. Once the order is sent, post this again with another event id.",
        "Przez siedem dni nie dotarło zamówienie, którego to dotyczy, więc nie było czego wycofać.",
        "Sprawdź numer zamówienia. Gdy zamówienie zostanie wysłane, wyślij to ponownie z innym `event_id`.",
    ),
    Reason.RETURN_ALREADY_SENT: Explanation(
        "R19",
        "A return with this id was sent already, with other goods or another value; a return is sent once.",
        "If goods came back once more, post it with a return id of its own.",
        "Zwrot o tym numerze już zgłoszono, z innymi towarami lub inną kwotą; jeden zwrot zgłaszamy raz.",
        "Jeśli wróciły kolejne towary, zgłoś je z osobnym numerem zwrotu.",
    ),
    Reason.UNCONFIRMED_REMOVAL: Explanation(
        "R52",
        "Staff removed the address without a click of the person, which is no opt-out of the person.",
        "If the person did resign, mark the opt-out on the contact in SALESmanago, or set `propagate_unconfirmed_removals`.",
        "Adres usunął pracownik, bez kliknięcia tej osoby, a to nie jest jej rezygnacja.",
        "Jeśli osoba zrezygnowała, oznacz rezygnację (opt-out) na karcie kontaktu w SALESmanago albo włącz "
        "`propagate_unconfirmed_removals`.",
    ),
    Reason.BLOCKED_ADDRESS: Explanation(
        "C7",
        "The address belongs to a marketplace that masks its buyers, or to a domain the shop blocked; no newsletter goes there.",
        "Nothing, or change `block_masked_addresses` or `blocked_email_domains` of the shop.",
        "Adres należy do platformy handlowej, która ukrywa kupujących, albo do domeny zablokowanej przez sklep.",
        "Nic, albo zmień `block_masked_addresses` lub `blocked_email_domains` sklepu.",
    ),
    Reason.ADDRESS_UNKNOWN: Explanation(
        "R41",
        "The e-mail address of this customer is not known yet. What was said travels with the first event that names it.",
        "Send an event that carries both the customer id and the e-mail address.",
        "Adres e-mail tego klienta nie jest jeszcze znany. Informacja zostanie wysłana z pierwszym zdarzeniem, które go poda.",
        "Wyślij zdarzenie zawierające identyfikator klienta i adres e-mail.",
    ),
    Reason.ADDRESS_INVALID: Explanation(
        "R60",
        "The panel's account has no e-mail address that could be one, and the address is the key of a contact.",
        "Correct the address of the account in the panel.",
        "Konto w panelu nie ma poprawnego adresu e-mail, a adres jest kluczem kontaktu.",
        "Popraw adres konta w panelu.",
    ),
    Reason.SHARED_ADDRESS: Explanation(
        "R60",
        "Another account of the panel has the same address, and SALESmanago has one contact per address.",
        "Nothing, or give the accounts addresses of their own in the panel.",
        "Inne konto w panelu ma ten sam adres, a w SALESmanago jeden adres to jeden kontakt.",
        "Nic, albo nadaj kontom w panelu różne adresy.",
    ),
    Reason.ADDRESS_OF_ANOTHER_ACCOUNT: Explanation(
        "R72",
        "The address belongs to another account of the shop, and two accounts are never made one contact.",
        "Give each account an address of its own, then change or list the account again. Until then it shows as a conflict.",
        "Ten adres należy do innego konta w sklepie, a dwóch kont nigdy nie łączymy w jeden kontakt.",
        "Nadaj każdemu kontu własny adres i zapisz konto ponownie. Do tego czasu widać je na liście konfliktów.",
    ),
    Reason.NO_ACCOUNT: Explanation(
        "R60",
        "The person bought as a guest and has no account; the first transfer is of accounts.",
        "Nothing. The next order brings the person.",
        "Osoba kupiła jako gość i nie ma konta; pierwszy transfer obejmuje konta.",
        "Nic. Osoba trafi do SALESmanago z kolejnym zamówieniem.",
    ),
    Reason.ACCOUNT_ELSEWHERE: Explanation(
        "R60",
        "The account is not active in this shop of the panel.",
        "Nothing. It belongs to another shop of the panel, or to none.",
        "Konto nie jest aktywne w tym sklepie panelu.",
        "Nic. Należy do innego sklepu panelu albo do żadnego.",
    ),
    Reason.ERASED: Explanation(
        "M3",
        "The person was erased on request; only a hashed entry remains, which keeps older data from returning.",
        "Nothing. A new act of the person (order, registration, subscription) starts afresh.",
        "Dane osoby usunięto na jej żądanie; pozostał tylko skrót, który nie pozwala starym danym wrócić.",
        "Nic. Nowe działanie tej osoby (zamówienie, rejestracja, zapis) zaczyna od początku.",
    ),
    Reason.NOT_KNOWN_THERE: Explanation(
        "R03",
        "What the gateway held of the person is gone. SALESmanago has nothing of them from the shop, so nobody was named there.",
        "Nothing. If SALESmanago has the person from elsewhere, delete the contact there.",
        "Dane tej osoby usunięto z bramki. SALESmanago nie dostało jej danych od sklepu, więc nie podano mu też adresu.",
        "Nic. Jeśli SALESmanago ma tę osobę z innego źródła, usuń kontakt w SALESmanago.",
    ),
    Reason.NOTHING_NEW: Explanation(
        "R28",
        "All of this was sent to SALESmanago already; only differences are sent.",
        "Nothing.",
        "SALESmanago już to wszystko wie; wysyłane są tylko różnice.",
        "Nic.",
    ),
    Reason.TAGS_MAY_NOT_TRAVEL: Explanation(
        "R29",
        "A tag that begins with `salesmanago_` came from SALESmanago and does not go back; one without letters has no name there.",
        "Nothing if the tag came from SALESmanago. Otherwise give it a name with letters, without that beginning.",
        "Tag zaczynający się od `salesmanago_` pochodzi z SALESmanago i nie wraca tam; tag bez liter i cyfr nie ma tam nazwy.",
        "Nic, jeśli tag pochodzi z SALESmanago. W przeciwnym razie nadaj mu nazwę z liter, bez takiego początku.",
    ),
    Reason.TOO_MANY_TAGS: Explanation(
        "R24",
        "The customer has more than 1,000 tags in the shop; the ones added last are not sent.",
        "Take tags off the customer that nobody needs, then send the customer's full set of tags again.",
        "Klient ma w sklepie ponad 1000 tagów; ostatnio dodane nie zostały przekazane.",
        "Usuń klientowi zbędne tagi, a potem wyślij ponownie pełną listę jego tagów.",
    ),
    Reason.TAG_OF_ANOTHER_SHOP: Explanation(
        "R70",
        "Another shop of the same SALESmanago account still has this tag on the person, and there the contact has it once for all.",
        "Nothing. Take it off in the other shop too if it should go; then it is removed in SALESmanago.",
        "Inny sklep na tym samym koncie SALESmanago nadal ma ten tag u tej osoby, a kontakt ma go tam raz, wspólnie dla sklepów.",
        "Nic. Jeśli tag ma zniknąć, usuń go także w drugim sklepie; wtedy zostanie usunięty w SALESmanago.",
    ),
    Reason.ALREADY_QUEUED: Explanation(
        "R28",
        "All of this is known here already. What SALESmanago does not have yet is queued or being retried.",
        "Nothing. The detail names the event that carries it.",
        "Bramka zna już te dane. To, czego SALESmanago jeszcze nie ma, czeka w kolejce albo jest wysyłane ponownie.",
        "Nic. W szczegółach podano zdarzenie, z którym te dane zostaną wysłane.",
    ),
    Reason.WAITS_FOR_PARKED: Explanation(
        "R28",
        "All of this is known here already, but not in SALESmanago: the event that was to carry it was refused or given up.",
        "Look up the event named in the detail, mend the cause and replay it.",
        "Bramka zna już te dane, ale SALESmanago ich nie ma: zdarzenia z tymi danymi nie przyjęto lub nie udało się go wysłać.",
        "Sprawdź zdarzenie podane w szczegółach, usuń przyczynę i ponów je.",
    ),
    Reason.CART_WAITS: Explanation(
        "R40",
        "The cart is reported once it has not been modified for 60 minutes.",
        "Nothing.",
        "Koszyk zostanie zgłoszony, gdy przez 60 minut nie będzie zmieniany.",
        "Nic.",
    ),
    Reason.CART_REPLACED: Explanation(
        "R40", "A newer state of the cart took its place.", "Nothing.", "Zastąpił go nowszy stan koszyka.", "Nic."
    ),
    Reason.CART_EMPTIED: Explanation(
        "R40",
        "The cart is empty; there is nothing to report.",
        "Nothing.",
        "Koszyk jest pusty; nie ma czego zgłaszać.",
        "Nic.",
    ),
    Reason.CART_BOUGHT: Explanation(
        "R41",
        "The person placed an order, so the cart is not abandoned.",
        "Nothing.",
        "Osoba złożyła zamówienie, więc koszyk nie jest porzucony.",
        "Nic.",
    ),
    Reason.CART_UNCHANGED: Explanation(
        "R41",
        "The same goods as before are no change of the cart. A report that is still to leave tells their newest value and link.",
        "Nothing.",
        "Zawartość koszyka się nie zmieniła. Zgłoszenie, które dopiero zostanie wysłane, poda ich najnowszą wartość i link.",
        "Nic.",
    ),
    Reason.CART_STALE: Explanation(
        "R41",
        "The cart grew older than the 120-minute window while nothing could be sent; late reminders are dropped.",
        "Nothing. If it happens often, look at the age of the oldest waiting event.",
        "Koszyk przekroczył okno 120 minut, zanim można było go wysłać; spóźnionych przypomnień nie wysyłamy.",
        "Nic. Jeśli zdarza się to często, sprawdź wiek najstarszego oczekującego zdarzenia.",
    ),
    Reason.REPORT_READY: Explanation(
        "M7",
        "The report of everything stored about the person is ready.",
        "Fetch it under access-requests/{event_id}.",
        "Raport o danych tej osoby jest gotowy.",
        "Pobierz go pod adresem access-requests/{event_id}.",
    ),
    Reason.SHADOW: Explanation(
        "shadow",
        "The shop runs in shadow mode: decided and traced, not sent.",
        "Switch `shadow` off when the decisions look right.",
        "Sklep działa w trybie testowym (shadow): decyzje są zapisywane, nic nie jest wysyłane.",
        "Wyłącz `shadow`, gdy decyzje wyglądają poprawnie.",
    ),
    Reason.SHOP_DISABLED: Explanation(
        "R71",
        "The shop is switched off; its events are held and wait.",
        "Enable the shop: everything held is then decided and sent in order.",
        "Sklep jest wyłączony; jego zdarzenia czekają.",
        "Włącz sklep: wszystko zostanie wtedy rozpatrzone i wysłane po kolei.",
    ),
    Reason.OPT_IN_NOT_CONFIRMED: Explanation(
        "R55",
        "A callback said that the person opted in, but SALESmanago's own record does not show it.",
        "Nothing, if the person did not click. Otherwise look at the contact's card in SALESmanago.",
        "Wywołanie zwrotne zgłosiło zapis tej osoby, ale karta kontaktu w SALESmanago tego nie potwierdza.",
        "Nic, jeśli osoba nie kliknęła. W przeciwnym razie sprawdź kartę kontaktu w SALESmanago.",
    ),
    Reason.OPT_OUT_NOT_CONFIRMED: Explanation(
        "R72",
        "A callback reported an opt-out, but the person subscribed again after an earlier one and SALESmanago's own record shows "
        "the subscription: it was an old callback.",
        "Nothing. If the person did resign, mark the opt-out on the contact's card in SALESmanago.",
        "Wywołanie zwrotne zgłosiło rezygnację, ale osoba po wcześniejszej rezygnacji zapisała się ponownie, a karta kontaktu "
        "w SALESmanago pokazuje ten zapis: było to dawne wywołanie.",
        "Nic. Jeśli osoba rzeczywiście zrezygnowała, oznacz rezygnację na karcie kontaktu w SALESmanago.",
    ),
    Reason.OPTED_OUT_THERE: Explanation(
        "R06",
        "SALESmanago shows an opt-out, and the opt-in the shop knows of is old: it does not overturn the opt-out.",
        "Nothing. A new act of the person opts in again.",
        "SALESmanago pokazuje rezygnację, a znany sklepowi zapis jest dawny: nie unieważnia tej rezygnacji.",
        "Nic. Nowe działanie tej osoby zapisze ją ponownie.",
    ),
    Reason.SHOP_IS_NEWER: Explanation(
        "R55",
        "The panel shows an agreement that is newer than this change, so the newer act of the person stands.",
        "Nothing.",
        "Panel pokazuje zgodę nowszą niż ta zmiana, więc obowiązuje nowsza decyzja osoby.",
        "Nic.",
    ),
    Reason.NO_CARRIER_OF_TAGS: Explanation(
        "R30",
        "The panel has no account with this address, so there is nobody to carry the tags there.",
        "Nothing. With an account the tags appear with the next change.",
        "W panelu nie ma konta z tym adresem, więc nie ma komu przypisać tagów.",
        "Nic. Gdy konto powstanie, tagi pojawią się przy następnej zmianie.",
    ),
    Reason.NO_ACCOUNT_IN_PANEL: Explanation(
        "R56",
        "The panel has no account with this address, and its API cannot write the newsletter of people without account.",
        "Set it by hand under Marketing > newsletter addresses, then mark the item as done.",
        "W panelu nie ma konta z tym adresem, a API panelu nie zmienia newslettera osób bez konta.",
        "Ustaw to ręcznie w panelu (Marketing > adresy newslettera), a potem oznacz zadanie jako wykonane.",
    ),
    Reason.NOT_ACTIVE_IN_SHOP: Explanation(
        "R53",
        "The account exists in the panel but is not active in this shop, so the panel takes no agreement for it.",
        "Activate the account in this shop or set the newsletter by hand, then mark the item as done.",
        "Konto istnieje w panelu, ale nie jest aktywne w tym sklepie, więc panel nie przyjmie tu zgody.",
        "Aktywuj konto w tym sklepie albo ustaw newsletter ręcznie, a potem oznacz zadanie jako wykonane.",
    ),
    Reason.PANEL_REFUSED: Explanation(
        "R53",
        "The shop's side refused the change; its answer stands with the attempt (often an old phone or VAT number of the account).",
        "Correct the customer's data or set the newsletter by hand, then mark the item as done.",
        "Panel sklepu odrzucił zmianę; jego odpowiedź jest przy próbie (często błędny telefon lub NIP na koncie).",
        "Popraw dane klienta albo ustaw newsletter ręcznie, a potem oznacz zadanie jako wykonane.",
    ),
    Reason.NOT_CONNECTED: Explanation(
        "R56",
        "This shop has no connection through which the gateway could write the newsletter.",
        "Set it by hand in the shop, then mark the item as done. Or configure `panel` for the shop.",
        "Ten sklep nie ma połączenia, przez które bramka mogłaby zmienić newsletter.",
        "Ustaw to ręcznie w sklepie i oznacz zadanie jako wykonane. Albo skonfiguruj `panel` sklepu.",
    ),
    Reason.ERASED_BY_ANOTHER_SHOP: Explanation(
        "M3",
        "Another shop of the same SALESmanago account erased this person: their shared contact is gone. "
        "This shop cannot be notified.",
        "Ask whether the person wants this shop's data erased too: then post an erasure for it and delete the customer in the "
        "panel. Mark the item as done.",
        "Inny sklep na tym samym koncie SALESmanago usunął dane tej osoby: wspólny kontakt zniknął. Tego sklepu nie da się o tym "
        "powiadomić.",
        "Sprawdź, czy osoba chce usunięcia danych także w tym sklepie: jeśli tak, zgłoś je i usuń klienta w panelu. "
        "Oznacz zadanie jako wykonane.",
    ),
    Reason.REPLACED: Explanation(
        "R55", "A newer change of the same person took its place.", "Nothing.", "Zastąpiła go nowsza zmiana tej osoby.", "Nic."
    ),
    Reason.REFUSED: Explanation(
        "delivery",
        "SALESmanago refused it; its own words stand with the attempt.",
        "Mend the cause and replay.",
        "SALESmanago odmówiło przyjęcia; jego odpowiedź jest przy próbie.",
        "Usuń przyczynę i ponów.",
    ),
    Reason.GAVE_UP: Explanation(
        "delivery",
        "It could not be delivered for seven days: the other side was not to be reached or gave no clear answer.",
        "Replay when it answers again.",
        "Przez siedem dni nie udało się tego dostarczyć: druga strona była nieosiągalna lub nie dawała jasnej odpowiedzi.",
        "Ponów, gdy znów odpowiada.",
    ),
    Reason.RULE_FAILED: Explanation(
        "defect",
        "Our own rules failed on this event. It is kept whole; others are not held up.",
        "Report it to the developers with the event's id, then replay.",
        "Podczas przetwarzania tego zdarzenia wystąpił błąd po naszej stronie. Jest zachowane w całości i nie wstrzymuje innych.",
        "Zgłoś to programistom, podając identyfikator zdarzenia, a potem ponów.",
    ),
    Reason.DEFECT: Explanation(
        "R73",
        "Our own program failed while sending this, or while writing down the answer; it may have arrived. Others are not held up.",
        "Report it to the developers with the event's id, then replay: it is looked up first and sent only if it is missing.",
        "Podczas wysyłki lub zapisu odpowiedzi wystąpił błąd po naszej stronie; dane mogły dotrzeć. Innych to nie wstrzymuje.",
        "Zgłoś to programistom, podając identyfikator zdarzenia, a potem ponów; wysłane zostanie tylko to, czego tam brakuje.",
    ),
}
