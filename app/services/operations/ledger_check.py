"""Examine the whole consent ledger for lines that were changed or cut off, and anchor one that was written before anchors were."""

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog

from app.domain.person.consent_ledger import end_of
from app.domain.person.ledger_anchor import Anchor, Seal, grown, head_of, is_genuine, is_whole
from app.domain.text import counted_in_english
from app.domain.values import Words
from app.services.planning.people import Pseudonym
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

PAGE = 500
"""Contacts in one transaction: nobody waits long behind an examination."""

MOST_NAMED = 20
_ANCHORED = "ledger_anchored"
BROKEN = "ledger_broken:"
"""Begins the names of facts: of which shops the ledger did not fit its seals at the last examination."""
_NO_ANCHOR = Words("the anchor of the shop is missing or was changed", "kotwicy sklepu nie ma lub ją zmieniono")
_HEADS_CHANGED = Words("the heads were changed", "końce łańcuchów zmieniono")
_PURPOSE = "consent ledger"
"""In the place of a shop's id, which has no space: the seal of a ledger is nobody's pseudonym."""


def seal_of(pseudonym: Pseudonym) -> Seal:
    return partial(pseudonym, _PURPOSE)


@dataclass(frozen=True)
class LedgerReport:
    """`broken`: numbers of contacts whose chain was changed, cut or taken away, the first of them. `words`: the same in words,
    and what else does not fit.
    """

    shop_id: str
    chains: int
    entries: int
    whole: bool
    broken: list[int]
    words: list[str]
    words_pl: list[str]


class LedgerCheck:
    def __init__(self, store: Store, pseudonym: Pseudonym) -> None:
        self._store = store
        self._seal = seal_of(pseudonym)

    async def anchor(self) -> None:
        """Once: a ledger from before heads and anchors is believed as it stands. The log says so, and how much that was."""
        async with self._store.work() as work:
            done = await work.registry.entry(_ANCHORED) is not None
            shops = [] if done else await work.anchors.shops()
        for shop_id in shops:
            anchor = await self._anchor_shop(shop_id)
            log.warning("ledger_anchored", shop_id=shop_id, chains=anchor.chains, entries=anchor.entries, seal=anchor.seal)
        if not done:
            async with self._store.work() as work:
                await work.registry.set_entry(_ANCHORED, "yes")
                await work.commit()

    async def _anchor_shop(self, shop_id: str) -> Anchor:
        anchor, after = Anchor(shop_id=shop_id), 0
        while True:
            async with self._store.work() as work:
                await work.inbox.lock_contacts()
                ids = await work.anchors.contacts_with_lines(shop_id, after, PAGE)
                chains = await work.consents.of(ids)
                heads = [head_of(one, shop_id, end_of(chain), self._seal) for one, chain in chains.items()]
                anchor = grown(anchor, [(None, head) for head in heads], self._seal)
                await work.anchors.save(heads, [anchor])
                await work.commit()
            if len(ids) < PAGE:
                return anchor
            after = ids[-1]

    async def examine_all(self) -> int:
        """Every night: what does not fit is remembered until an examination finds it whole. Answers how many shops are broken."""
        reports = await self.examine()
        for one in reports:
            if not one.whole:
                log.error("ledger_broken", shop_id=one.shop_id, chains=len(one.broken))
        async with self._store.work() as work:
            for one in reports:
                await work.registry.set_entry(f"{BROKEN}{one.shop_id}", "" if one.whole else "yes")
            await work.commit()
        return sum(not one.whole for one in reports)

    async def examine(self, shop_id: str | None = None) -> list[LedgerReport]:
        """Every line of one shop or all, beside what its heads and its anchor say."""
        async with self._store.work() as work:
            shops = [one for one in await work.anchors.shops() if shop_id in (None, one)]
        return [await self._examined(one) for one in shops]

    async def _examined(self, shop_id: str) -> LedgerReport:
        broken = await self._broken(shop_id)
        named = broken[:MOST_NAMED]
        words = [
            Words(f"the chain of contact {one} was changed or cut", f"łańcuch kontaktu {one} zmieniono lub skrócono")
            for one in named
        ]
        if (more := len(broken) - MOST_NAMED) > 0:
            words.append(Words(f"and {counted_in_english(more, 'more chain', 'more chains')}", f"i inne łańcuchy: {more}"))
        anchor, chains, entries, total = await self._summed(shop_id)
        if anchor is None or not is_genuine(anchor, self._seal):
            words.append(_NO_ANCHOR)
        elif (anchor.chains, anchor.entries) != (chains, entries):
            words.append(
                Words(
                    f"in the anchor, chains: {anchor.chains}, lines: {anchor.entries}; in the heads, {chains} and {entries}: "
                    "chains were taken away as a whole",
                    f"w kotwicy łańcuchy: {anchor.chains}, wpisy: {anchor.entries}; w końcach: {chains}, wpisy: {entries}: "
                    "usunięto całe łańcuchy",
                )
            )
        elif anchor.total != total:
            words.append(_HEADS_CHANGED)
        return LedgerReport(shop_id, chains, entries, not words, named, [one.en for one in words], [one.pl for one in words])

    async def _broken(self, shop_id: str) -> list[int]:
        async def suspects(work: Work, ids: list[int]) -> list[int]:
            heads, chains = await work.anchors.heads(ids), await work.consents.of(ids)
            return [one for one in ids if not is_whole(heads.get(one), chains.get(one, []), self._seal)]

        async def of_heads(work: Work, after: int) -> list[int]:
            return [one.contact_id for one in await work.anchors.page_of_heads(shop_id, after, PAGE)]

        async def of_lines(work: Work, after: int) -> list[int]:
            return await work.anchors.contacts_with_lines(shop_id, after, PAGE)

        found: dict[int, None] = {}
        for listed in (of_heads, of_lines):
            after = 0
            while True:
                async with self._store.work() as work:
                    ids = await listed(work, after)
                    wrong = await suspects(work, ids)
                if wrong:  # a line may have been written between the two readings: read once more while none can be
                    async with self._store.work() as work:
                        await work.inbox.lock_contacts()
                        found |= dict.fromkeys(await suspects(work, wrong))
                if len(ids) < PAGE:
                    break
                after = ids[-1]
                await asyncio.sleep(0)
        return list(found)

    async def _summed(self, shop_id: str) -> tuple[Anchor | None, int, int, str]:
        """The anchor beside the sum of the heads, both as they were at one moment: acts come in meanwhile."""
        while True:
            before = await self._anchor_of(shop_id)
            after, summed = 0, Anchor(shop_id=shop_id)
            while True:
                async with self._store.work() as work:
                    heads = await work.anchors.page_of_heads(shop_id, after, PAGE)
                summed = grown(summed, [(None, head) for head in heads], _unsealed)
                if len(heads) < PAGE:
                    break
                after = heads[-1].contact_id
                await asyncio.sleep(0)
            if before == await self._anchor_of(shop_id):
                return before, summed.chains, summed.entries, summed.total

    async def _anchor_of(self, shop_id: str) -> Anchor | None:
        async with self._store.work() as work:
            return (await work.anchors.anchors([shop_id])).get(shop_id)


def _unsealed(text: str) -> str:  # noqa: ARG001 - only the sums are wanted
    return ""
