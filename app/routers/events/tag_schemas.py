"""Edits of a customer's tags on the wire (R20-R29)."""

from typing import Literal, Self

from pydantic import model_validator

from app.domain.events import Event, TagsEdited
from app.domain.panel_tags import MAX_NAME_CHARS
from app.domain.shops.shop import Shop
from app.domain.tags import MAX_PANEL_TAG_CHARS, MOST_TAGS, TO_PANEL, canonical, clean, within
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import Warnings
from app.routers.events.event_in import EventIn, type_field
from app.routers.events.fields.field_types import Email, TagText, TagTexts
from app.routers.events.fields.identifiers import CustomerId
from app.routers.events.wire_model import WireModel

MAX_RENAMES = 500


class TagRenameIn(WireModel):
    """One tag under another name: the old one is removed and the new one added, as one operation."""

    old: TagText = field("from", "The name before.", alias="from")
    new: TagText = field("to", "The name now; cut beyond 56 characters.", alias="to")


class TagEditIn(EventIn):
    """Staff edited a customer's tags: what changed, or the full set."""

    wire_type = "tag-edit"
    never_emptied = frozenset({"tags"})
    never_cut = frozenset({"added", "removed", "renamed", "tags"})

    type: Literal["tag-edit"] = type_field("tag-edit")
    email: Email | None = field("email", "Whose tags these are. This or `customer_id` is needed.", default=None)
    customer_id: CustomerId | None = field("customer_id", "Number of the customer's account, instead of the address.", default=None)
    added: TagTexts = field(
        "added",
        "Tags that were put on, as staff wrote them. Each reaches SALESmanago as `idosell_<tag>`; cut beyond 56 characters.",
        default_factory=list,
    )
    removed: TagTexts = field(
        "removed", "Tags that were taken off. Letter case, Unicode form and spaces make no other tag.", default_factory=list
    )
    renamed: list[TagRenameIn] = field(
        "renamed", "Tags that got another name, at most 500.", default_factory=list, max_length=MAX_RENAMES
    )
    tags: TagTexts | None = field(
        "tags",
        "All tags the customer has now, at most 1,000, instead of what changed; an empty list says that there are none. Those that "
        "begin with `salesmanago_` are not sent back: they show which of them staff took off, unless no set ever named any.",
        default=None,
    )

    @model_validator(mode="after")
    def _says_whom_and_what(self) -> Self:
        if self.email is None and self.customer_id is None:
            raise ValueError("email or customer_id must say whose tags these are")
        edits = bool(self.added or self.removed or self.renamed)
        if edits == (self.tags is not None):
            raise ValueError("say either what changed (added, removed, renamed) or the full set (tags)")
        return self

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return TagsEdited(
            at=self.occurred_at,
            email=self.email,
            customer_id=self.customer_id,
            added=_tags([*self.added, *(rename.new for rename in self.renamed)], "added", warnings),
            removed=_tags([*self.removed, *(rename.old for rename in self.renamed)], "removed", warnings),
            all_tags=None if self.tags is None else _tags(self.tags, "tags", warnings),
        )


def _tags(texts: list[str], place: str, warnings: Warnings) -> tuple[str, ...]:
    """As they will be sent; of those that will not, or not whole, it is said how many and why."""
    whole = [clean(text) for text in texts[:MOST_TAGS]]
    if len(whole) < len(texts):
        warnings.append(f"{place}: only the first {MOST_TAGS} tags were read")
    cut = [within(text, MAX_NAME_CHARS if canonical(text).startswith(TO_PANEL) else MAX_PANEL_TAG_CHARS) for text in whole]
    tags = dict.fromkeys(cut)
    nameless = [tag for tag in tags if not canonical(tag).strip("_")]
    copied = [tag for tag in tags if canonical(tag).startswith(TO_PANEL)]
    if cut != whole:
        warnings.append(f"{place}: tags longer than {MAX_PANEL_TAG_CHARS} characters were cut")
    if nameless:
        warnings.append(f"{place}: a tag without letters and digits is not sent")
    if copied and place != "tags":  # a full set shows them every time
        warnings.append(f"{place}: tags that begin with {TO_PANEL} came from SALESmanago and are not sent back")
    return tuple(tag for tag in tags if tag)
