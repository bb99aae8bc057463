"""How long each class of data is kept (M4). What is needed to keep promises outlives what merely explains them.

`retention_page` has the page on it, table by table. Withheld content is dropped when it is decided. Erased people stay as hashes,
resignations and consents stay as evidence: none of them is cleaned away.
"""

from datetime import timedelta

from app.domain.person.contact import Contact
from app.domain.values import value


@value(kw_only=True)
class Retention:
    content: timedelta = timedelta(days=30)
    parked: timedelta = timedelta(days=90)
    events: timedelta = timedelta(days=400)
    never_sent: timedelta = timedelta(days=400)
    requests: timedelta = timedelta(days=7)


def is_forgettable(contact: Contact) -> bool:
    """Nothing of the person was ever sent, and nothing they said forbids anything: forgetting cannot opt anybody in."""
    resigned = contact.transfer.withdrawn or contact.email_news.last_opt_out or contact.phone_news.last_opt_out
    return not (contact.is_transferred or contact.erased or contact.erased_at or resigned)
