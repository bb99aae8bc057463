"""The tag mirror: SALESmanago's tags and points on the customer in the panel (R30-R32).

SALESmanago owns these tags. What the panel should carry is a function of what SALESmanago showed last and of the sections
the person bought from; which call makes it so is a function of that and of what the panel carries now. Both are pure, and
a customer who carries what is wanted needs no call: that is why the mirror comes to rest.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field

from app.domain.tags import TO_PANEL, as_stored, canonical, digest, within
from app.domain.text import remembered
from app.domain.values import value

MAX_NAME_CHARS = 64
"""The panel documents no limit; the contract's safest reading is 64 (uncertain point 14)."""
MAX_POINTS = 1_000_000
_OF_A_SHOP = re.compile(rf"{TO_PANEL}shop\d+_")


@value()
class PanelTags:
    """What a customer should carry, without prefixes, lower-cased."""

    points: Mapping[str, int] = field(default_factory=dict)
    """Tags that SALESmanago shows."""
    sections: tuple[str, ...] = ()
    """Section tags of the person's orders: they stand under the short name, from the order on (R31)."""
    gone: tuple[str, ...] = ()
    """Tags that SALESmanago showed earlier and shows no more."""
    complete: bool = False
    """`points` are all of them: what else stands under the shop's own prefix does not belong there."""
    left_off: tuple[str, ...] = ()
    """Of `points` and `sections`, what staff took off: it is not added again. What stands there all the same follows its points."""


@value()
class PanelTag:
    """A tag on a customer, as the panel shows it."""

    id: int
    name: str
    points: int


@value()
class TagChanges:
    add: Mapping[str, int] = field(default_factory=dict)
    """Name -> points."""
    set: Mapping[int, int] = field(default_factory=dict)
    """Id -> points."""
    remove: tuple[int, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.add or self.set or self.remove)


def long_name(tag: str, shop_number: int) -> str:
    """`salesmanago_shop1_koszyk` (R30)."""
    return _within_limit(f"{TO_PANEL}shop{shop_number}_{tag}")


def short_name(tag: str) -> str:
    """`salesmanago_obuwie` (R31)."""
    return _within_limit(f"{TO_PANEL}{tag}")


@remembered(8_192)
def plain_name(name: str) -> str:
    """The same name in plain letters, for a panel that takes no others. Names that differ in other alphabets alone stay apart."""
    form = canonical(name)
    plain = as_stored(form)
    return plain if plain == form else within(f"{plain}_{digest(form)}", MAX_NAME_CHARS)


def names_of(tag: str, shop_number: int) -> tuple[str, ...]:
    """Every name under which the panel may carry a tag for a shop."""
    names = (long_name(tag, shop_number),)
    return (*names, short_name(tag)) if _may_be_short(tag) else names


def stands(tag: str, names: Collection[str], shop_number: int) -> bool:
    """Is a tag among these names of the panel, in their canonical form?"""
    return any(key in names for name in names_of(tag, shop_number) for key in _keys(name))


def changes(present: Iterable[PanelTag], wanted: PanelTags, shop_number: int) -> TagChanges:
    """The smallest change that makes the customer carry what is wanted. Tags that are not ours are left alone."""
    return _Plan(present, wanted, shop_number).made()


class _Plan:
    def __init__(self, present: Iterable[PanelTag], wanted: PanelTags, shop_number: int) -> None:
        self._present: dict[str, list[PanelTag]] = {}
        for tag in present:
            self._present.setdefault(_key(tag.name), []).append(tag)
        self._wanted = wanted
        self._number = shop_number
        self._left_off = {_key(tag) for tag in wanted.left_off}
        self._add: dict[str, int] = {}
        self._points: dict[int, int] = {}
        self._kept: dict[str, int | None] = {}
        """Folded name -> id of the spelling that stays, None for one that is to be added."""

    def made(self) -> TagChanges:
        wanted = self._wanted
        sections = {_key(tag) for tag in wanted.sections}
        for tag, points in wanted.points.items():
            # Where a tag stands under the short name, or belongs there, it gets no second one (R31).
            short = self._stands_short(tag) or (_key(tag) in sections and _may_be_short(tag))
            self._want(tag, short_name(tag) if short else long_name(tag, self._number), points)
        shown = {_key(tag) for tag in wanted.points}
        for tag in wanted.sections:
            if _key(tag) not in shown and _may_be_short(tag):
                self._want(tag, short_name(tag), None)
        return TagChanges(self._add, self._points, self._removed())

    def _want(self, tag: str, name: str, points: int | None) -> None:
        """`points` None: it should be there, with whatever points it has."""
        key = _key(name)
        if key not in self._present and (plain := plain_name(name)) in self._present:
            key = plain
        spellings = self._present.get(key, [])
        standing = next((one for one in spellings if one.name == name), spellings[0] if spellings else None)
        self._kept[key] = None if standing is None else standing.id
        clamped = max(1, min(points or 1, MAX_POINTS))
        if standing is None:
            if _key(tag) not in self._left_off:
                self._add[name] = clamped
        elif points is not None and standing.points != clamped:
            self._points[standing.id] = clamped

    def _removed(self) -> tuple[int, ...]:
        own_prefix = _key(long_name("", self._number))
        gone = {key for tag in self._wanted.gone for name in names_of(tag, self._number) for key in _keys(name)}
        moved = {key for tag in (*self._wanted.points, *self._wanted.sections) for key in _keys(long_name(tag, self._number))}
        return tuple(
            tag.id
            for key, spellings in self._present.items()
            for tag in spellings
            if self._kept.get(key) != tag.id
            and ((key in gone | moved and key not in self._kept) or (self._wanted.complete and key.startswith(own_prefix)))
        )

    def _stands_short(self, tag: str) -> bool:
        return _may_be_short(tag) and any(key in self._present for key in _keys(short_name(tag)))


def _may_be_short(tag: str) -> bool:
    """A tag called `shop2_vip` would take the name of shop 2's `vip`."""
    return _OF_A_SHOP.match(_key(short_name(tag))) is None


def _key(name: str) -> str:
    """Whether the panel tells letter cases apart is unknown, so names are compared folded (contract 2.6)."""
    return canonical(name)


@remembered(8_192)
def _within_limit(name: str) -> str:
    return within(name, MAX_NAME_CHARS)


def _keys(name: str) -> tuple[str, ...]:
    """The forms under which a name may stand."""
    key = _key(name)
    return (key,) if key.isascii() else (key, plain_name(name))
