"""What a command asks of the other side, in words: for the pages, and for `gateway why`. Personal fields are named, never shown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.console.wording import Wording


def N_(text: str) -> str:  # noqa: N802 - the name by which tools of gettext know it
    """Marks a text that is translated where it is shown."""
    return text


FIELDS = {
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "company": N_("company"),
    "gender": N_("gender"),
    "phone": N_("phone"),
    "street": N_("street"),
    "postal_code": N_("postal code"),
    "city": N_("city"),
    "country": N_("country"),
    "language": N_("language"),
    "birth_date": N_("date of birth"),
    "customer_id": N_("customer number"),
}
"""Of a person."""
SELF_EXPLAINING = ("add_event", "set_subscription")
"""Commands of which the parts say what they are."""


def parts_of(say: "Wording", summary: Mapping[str, Any]) -> list[str]:
    """`summary`: as `summarised` makes it, also when it came as JSON."""
    return [words for name, value in summary.items() if (words := _part(say, name, value))]


def _part(say: "Wording", name: str, value: Any) -> str:
    match name:
        case "renamed":
            return say(N_("new address"))
        case "fields":
            return say(N_("fields: %(fields)s"), fields=", ".join(say.word("field", one) for one in value))
        case "add_tags":
            return say(N_("tags added: %(tags)s"), tags=", ".join(value))
        case "remove_tags" | "gone":
            return say(N_("tags removed: %(tags)s"), tags=", ".join(value))
        case "email_status" | "email":
            return say(N_("e-mail newsletter")) + ": " + say.word("news", value)
        case "phone_status" | "sms":
            return say(N_("SMS newsletter")) + ": " + say.word("news", value)
        case "asks_opt_in":
            return say(N_("asks the person to confirm the subscription"))
        case "kind":
            return say.word("there", value)
        case "products":
            return say(N_("products: %(products)s"), products=", ".join(value))
        case "points":
            return say(N_("tags with points: %(tags)s"), tags=", ".join(f"{tag} ({points})" for tag, points in value.items()))
        case "sections":
            return say(N_("sections: %(tags)s"), tags=", ".join(value))
        case "erased":
            return say(N_("erased"))
        case "erased_by":
            return say(N_("Erased by shop %(shop)s: decide about this shop's own data"), shop=value)
        case _:
            return str(value)  # a number of an order, a value, a currency: the same in every language
