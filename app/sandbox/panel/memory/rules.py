"""The readings of the contract which nobody has confirmed, each a switch. The defaults are the pessimistic ones."""

from dataclasses import dataclass
from enum import StrEnum


class Approvals(StrEnum):
    """What becomes of the shops which a written list of approvals does not name."""

    MERGE = "merge"
    REPLACE = "replace"


class AddAgain(StrEnum):
    """What adding a tag does to a customer who has it."""

    ADD = "add"
    OVERWRITE = "overwrite"
    ERROR = "error"


@dataclass(frozen=True)
class Rules:
    approvals: Approvals = Approvals.MERGE
    add_again: AddAgain = AddAgain.ADD
    """Adding up is the reading which punishes a call that is blindly repeated."""
    tag_case_matters: bool = True
    tags_vanish_unused: bool = False
    """A definition which nobody carries any more is forgotten, and its name gets a new id later."""
    max_tag_length: int | None = None
    max_rows: int | None = None
    """A write with more rows is answered 422."""
    only_active_shops: bool = True
    """An approval in a shop where the account is not active is refused with code 14."""
    small_changes_touch: bool = False
    """A change of approvals or tags moves the customer's modification date."""
    keyed_maps: bool = True
    """Newsletter rows come as an object keyed by number, as PHP writes a map; otherwise as a list."""
    sms_dates: bool = True
    """The SMS newsletter tells the date of consent where the e-mail one tells y or n."""
    empty_is_207: bool = True
    """Nothing found is 207 with code 2; otherwise 200 with an empty list."""
    retail_by_default: bool = True
    """A search of orders which names no type leaves wholesale orders out."""
    ids_as_strings: bool = False
