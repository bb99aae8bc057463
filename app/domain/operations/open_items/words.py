"""What may wait, and what is said of it (R91): a kind, a sentence, and what to do, in English and Polish."""

from enum import StrEnum

from app.domain.reasons import EXPLANATIONS, Explanation, Reason


class OpenKind(StrEnum):
    """What may wait beside a destination's queue and parked items: without any of them, nothing waits (R91)."""

    DECISION = "decision"
    DELIVERY = "delivery"
    ORDER = "order"
    CART = "cart"
    HELD = "held"
    CLICK = "click"
    PUSH = "push"
    PUSH_NOT_UNDERSTOOD = "push_not_understood"
    PUSHES_SILENT = "pushes_silent"
    SCAN_LATE = "scan_late"
    MANUAL_TASK = "hand_work"
    CONFLICT = "conflict"
    TRANSFER = "backfill"
    DIFFERENCE = "difference"


EVENT_KINDS = (OpenKind.DECISION, OpenKind.DELIVERY, OpenKind.ORDER, OpenKind.CART, OpenKind.HELD)
"""Of an event in the inbox."""

OPEN: dict[OpenKind, Explanation] = {
    OpenKind.DECISION: Explanation(
        "R11",
        "Events are stored and not decided yet. That takes seconds unless very many came at once.",
        "Nothing. If it stays like this for minutes, see whether a worker runs (`gateway serve` or `gateway worker`).",
        "Zdarzenia są zapisane, ale jeszcze nierozpatrzone. Trwa to kilka sekund, chyba że przyszło ich bardzo dużo naraz.",
        "Nic. Jeśli potrwa to kilka minut, sprawdź, czy działa proces roboczy (`gateway serve` albo `gateway worker`).",
    ),
    OpenKind.DELIVERY: Explanation(
        "delivery",
        "Events were decided, and what follows of them is not delivered yet.",
        "Nothing. If it stays like this, `gateway neighbours` shows whether the other side takes anything.",
        "Zdarzenia są rozpatrzone, ale to, co z nich wynika, nie zostało jeszcze dostarczone.",
        "Nic. Jeśli to się nie zmienia, `gateway neighbours --pl` pokaże, czy druga strona cokolwiek przyjmuje.",
    ),
    OpenKind.ORDER: Explanation(
        "R19",
        "Cancellations or returns wait for the order they concern, for up to seven days, and follow it when it is sent.",
        "Nothing, if the orders are still to come. Otherwise post them, or check their numbers.",
        "Anulowania lub zwroty czekają na zamówienie, którego dotyczą, najwyżej siedem dni, i zostaną wysłane po nim.",
        "Nic, jeśli zamówienia mają jeszcze nadejść. W przeciwnym razie wyślij je lub sprawdź ich numery.",
    ),
    OpenKind.CART: Explanation(
        "R41",
        "Carts wait until nothing has changed in them for a while; then they are sent to SALESmanago.",
        "Nothing.",
        "Koszyki czekają, aż przez pewien czas nic się w nich nie zmieni; wtedy trafią do SALESmanago.",
        "Nic.",
    ),
    OpenKind.HELD: EXPLANATIONS[Reason.SHOP_DISABLED],
    OpenKind.CLICK: Explanation(
        "R50",
        "Subscriptions to the e-mail newsletter are not confirmed by the person's click yet. Until then they do not count.",
        "Nothing: only the person can click. If many wait, see whether SALESmanago sends the confirmation mails.",
        "Zapisy do newslettera e-mail nie są jeszcze potwierdzone kliknięciem. Do tego czasu się nie liczą.",
        "Nic: kliknąć może tylko ta osoba. Jeśli czeka ich dużo, sprawdź, czy SALESmanago wysyła wiadomości z potwierdzeniem.",
    ),
    OpenKind.PUSH: Explanation(
        "R80",
        "Webhooks of the panel are stored and wait to be read.",
        "Nothing, if it takes seconds. Otherwise `gateway pushes list` shows what they wait for.",
        "Webhooki panelu są zapisane i czekają na odczytanie.",
        "Nic, jeśli trwa to kilka sekund. W przeciwnym razie `gateway pushes list --pl` pokaże, na co czekają.",
    ),
    OpenKind.PUSH_NOT_UNDERSTOOD: Explanation(
        "R80",
        "Webhooks of the last seven days were not understood. They are kept as they came.",
        "See why with `gateway pushes list --not-understood`, mend it, then read each again: `gateway pushes again NUMBER`.",
        "Webhooków z ostatnich siedmiu dni nie zrozumiano. Są przechowywane tak, jak przyszły.",
        "Sprawdź powód: `gateway pushes list --not-understood --pl`, potem odczytaj każdy ponownie: "
        "`gateway pushes again NUMER --pl`.",
    ),
    OpenKind.PUSHES_SILENT: Explanation(
        "R80",
        "No webhook came for longer than usual. The panel switches webhooks off that failed.",
        "Look at the webhooks in the panel and switch them on again.",
        "Żaden webhook nie przyszedł od dłuższego czasu niż zwykle. Panel wyłącza webhooki, których nie udało się dostarczyć.",
        "Sprawdź webhooki w panelu i włącz je ponownie.",
    ),
    OpenKind.SCAN_LATE: Explanation(
        "R82",
        "The panel could not be read in full for too long, so what no webhook reported is missing.",
        "`gateway doctor` says whether the panel answers and whether its key has the rights.",
        "Od zbyt dawna nie udało się odczytać panelu w całości, więc brakuje tego, czego nie zgłosił żaden webhook.",
        "`gateway doctor --pl` powie, czy panel odpowiada i czy jego klucz ma uprawnienia.",
    ),
    OpenKind.MANUAL_TASK: Explanation(
        "R56",
        "Changes from SALESmanago can only be made by a person in the shop.",
        "See `gateway hand-work list`, make them there, and say that they are done.",
        "Zmiany z SALESmanago, które w sklepie może wprowadzić tylko człowiek.",
        "Zobacz `gateway hand-work list --pl`, wprowadź je w sklepie i oznacz jako wykonane.",
    ),
    OpenKind.CONFLICT: Explanation(
        "R26",
        "SALESmanago and the shop disagree about people, or a contact of a former address still stands in SALESmanago.",
        "`gateway conflicts` says about whom, why and what to do. What you saw to, mark as seen.",
        "SALESmanago i sklep różnią się co do niektórych osób albo w SALESmanago został kontakt z dawnym adresem.",
        "`gateway conflicts --pl` pokaże, kogo to dotyczy, dlaczego i co zrobić. To, co załatwisz, oznacz jako sprawdzone.",
    ),
    OpenKind.TRANSFER: Explanation(
        "R60",
        "The transfer of existing accounts waits for a person who approves or resumes it.",
        "`gateway backfill list` shows what would be sent.",
        "Transfer istniejących kont czeka na człowieka, który go zatwierdzi lub wznowi.",
        "`gateway backfill list --pl` pokaże, co zostałoby wysłane.",
    ),
    OpenKind.DIFFERENCE: Explanation(
        "R91",
        "The last comparison found differences between both sides that were not put right.",
        "`gateway reconcile show SHOP` names them; `gateway reconcile repair SHOP` puts right what you choose.",
        "Ostatnie porównanie wykazało różnice między stronami, których nie wyrównano.",
        "`gateway reconcile show SKLEP --pl` je pokaże; `gateway reconcile repair SKLEP --pl` wyrówna wybrane.",
    ),
}
