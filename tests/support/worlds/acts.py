"""Plays histories of newsletter acts against the real services: a clock that is moved, a SALESmanago that can be clicked at."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.answers import Modified
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unknown, Unreachable
from app.domain.events import OptInClaimed, OptOutClaimed, Subscribed, Unsubscribed
from app.domain.shops.callbacks import reached
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, FanOut
from app.services.from_salesmanago.polling import Poller
from app.storage.engine.database import Database
from app.storage.engine.tables import consents, contacts
from chaos.acts import THERE, Act, for_side, is_opt_in_wrong, newest, permitted_at_side, permitted_ends
from tests.conftest import NOON, Clock
from tests.support.world import FakeUpstream, World, a_shop, orders, registers

PEOPLE = ("ada@example.pl", "bob@example.pl")
CHANNELS = ("email", "phone")
SURROUNDINGS = ("one shop", "account address", "shop address")
GRACE = timedelta(minutes=2)


@dataclass(frozen=True)
class InShop:
    """Somebody subscribes or resigns in a shop."""

    who: str
    out: bool
    shop: str = "shop1"
    channel: str = "email"


@dataclass(frozen=True)
class There:
    """Somebody clicks in a mail, or staff changes the card. `callbacks`: seconds after which each copy arrives; none: lost."""

    who: str
    out: bool
    channel: str = "email"
    callbacks: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Orders:
    """Something that travels and says nothing of the newsletter."""

    who: str
    shop: str = "shop1"


@dataclass(frozen=True)
class Passes:
    seconds: int


@dataclass(frozen=True)
class Looks:
    how: Literal["window", "sweep"]


Weather = Literal["fine", "down", "throttled", "done without answer", "lost without answer", "asleep"]


@dataclass(frozen=True)
class Turns:
    """From now on calls end like this; `asleep`: no worker runs, the door alone is open."""

    weather: Weather


Step = InShop | There | Orders | Passes | Looks | Turns


@dataclass
class Salesmanago(FakeUpstream):
    """As the contract has it: one status per address and channel, a new contact is shown as opted out, writes count as changes."""

    changed: dict[str, datetime] = field(default_factory=dict)
    weather: Weather = "fine"

    def __post_init__(self) -> None:
        self.respond = self._weathered

    def _weathered(self, method: str, items: list) -> Outcome:
        writes = method in ("upsert", "upsert_many", "add_event", "add_events")
        self.applied = self.weather == "done without answer"
        match self.weather:
            case "fine" | "asleep":
                return Delivered()
            case "down":
                return Unreachable("down")
            case "throttled":
                return Throttled(5.0)
            case "done without answer" | "lost without answer":
                return Unknown("timeout") if writes else Delivered()

    def _do(self, item: object) -> None:
        if isinstance(item, UpsertContact):
            if item.address_after not in self.contacts and item.email not in self.contacts:
                self.opted_out.add(item.address_after)
                self.opted_out_phone.add(item.address_after)
            self.changed[item.address_after] = self.clock()
        super()._do(item)

    def outs(self, channel: str) -> set[str]:
        return self.opted_out if channel == "email" else self.opted_out_phone

    def shows(self, email: str, channel: str) -> bool | None:
        return email in self.outs(channel) if email in self.contacts else None

    async def modified(self, since: datetime, until: datetime, page: int) -> Modified:
        self.pages = [tuple(sorted(email for email, at in self.changed.items() if since <= at <= until))]
        return await super().modified(since, until, page)


class Play:
    """One history. `faults`: what was promised and not kept."""

    def __init__(self, database: Database, surroundings: str) -> None:
        self.clock = Clock()
        self.world = World(database, self.clock)
        self.upstream = Salesmanago(self.clock)
        self.world.upstream = self.upstream
        self.surroundings = surroundings
        self.shops = ["shop1"] if surroundings == "one shop" else ["shop1", "shop2"]
        self.acts: list[Act] = []
        self.faults: list[str] = []
        self.arrivals: list[tuple[datetime, Act]] = []
        self.knew: dict[tuple[str, str], bool | None] = {}
        self.basis: dict[tuple[str, str], bool] = {}
        """What was shown when it was last looked at or called back, or else told first; a new contact is shown as opted out."""
        self.unclear: dict[tuple[str, str], datetime] = {}
        """When an opt-in was told last, where no answer came to that or to a later call."""
        self.polls = False
        self.unclear_outs: set[tuple[str, str]] = set()
        """Of whom an opt-out was told without an answer: one that is shown may be ours."""
        self.looked: dict[tuple[str, str, bool | None], datetime] = {}
        """The last look that showed it: address, channel, and whether an opt-out."""
        self.panel: dict[tuple[str, str, str], bool] = {}
        self.orders = 0
        self.upstream.before_answer = self._leaves
        self.upstream.before_return = self._arrived
        self.pull = Poller(self.world.store, self.world.directory, lambda _: self.upstream, self.clock, lambda: None, GRACE)

    async def play(self, steps: Sequence[Step]) -> list[str]:
        self.people = sorted({step.who for step in steps if isinstance(step, InShop | There | Orders)})
        await self._open()
        for step in steps:
            self.clock.advance(seconds=1)
            await self._step(step)
            await self._arrive()
            await self._work()
        await self._rests()
        await self._judge()
        return self.faults

    async def _open(self) -> None:
        account = Account(id="main", endpoint="https://a.example", client_id="c", owner="o@a.example", fan_out=FanOut.ALL)
        own = {} if self.surroundings == "account address" else {"callback_0": self.world.ring.close("0123456789abcdef")}
        shops = [
            StoredShop(a_shop(f"shop{n}", host=f"sklep{n}.example", location=f"sklep{n}_example", number=n), own if n == 1 else {})
            for n, _ in enumerate(self.shops, start=1)
        ]
        await self.world.directory.apply([StoredAccount(account, {"api_secret": self.world.ring.close("s")})], shops)
        for shop in self.shops:
            for email in self.people:
                await self.world.post(registers(email, phone="+48600100200"), shop=shop)
        await self._work()

    # -- what happens ----------------------------------------------------------------------------------------------------

    async def _step(self, step: Step) -> None:
        match step:
            case InShop() if step.shop in self.shops:
                await self._acts_in_shop(step)
            case There() if step.who in self.upstream.contacts:
                self._acts_there(step)
            case Orders() if step.shop in self.shops:
                self.orders += 1
                order = orders(f"o{self.orders}", step.who, self._minutes(), phone="+48600100200")
                await self.world.post(order, shop=step.shop)
            case Passes():
                await self._pass(step.seconds)
            case Looks():
                await self._look(step.how)
            case Turns():
                self.upstream.weather = step.weather
            case _:
                pass  # in a shop, or of a contact, that does not exist

    def _minutes(self) -> float:
        return (self.clock() - NOON).total_seconds() / 60

    async def _acts_in_shop(self, step: InShop) -> None:
        now = self.clock()
        by_email, by_sms = step.channel == "email", step.channel == "phone"
        if step.out:
            event = Unsubscribed(at=now, email=step.who, by_email=by_email, by_sms=by_sms, confirmed=True)
        else:
            event = Subscribed(at=now, email=step.who, by_email=by_email, by_sms=by_sms, has_account=True)
        await self.world.post(event, shop=step.shop)
        self.acts.append(Act(email=step.who, channel=step.channel, out=step.out, at=now, where=step.shop, heard_at=self.clock()))
        self.panel[step.shop, step.who, step.channel] = step.out

    def _acts_there(self, step: There) -> None:
        now, before = self.clock(), self.upstream.shows(step.who, step.channel)
        outs = self.upstream.outs(step.channel)
        outs.add(step.who) if step.out else outs.discard(step.who)
        self.upstream.changed[step.who] = now
        act = Act(
            email=step.who,
            channel=step.channel,
            out=step.out,
            at=now,
            where=THERE,
            reaches=frozenset(self.shops),
            looked_before=self.looked.get((step.who, step.channel, not step.out)),
            unclear_since=self.unclear.get((step.who, step.channel)),
        )
        self.acts.append(act)
        copies = step.callbacks if step.channel == "email" else ()
        self.arrivals += [(now + timedelta(seconds=delay), act) for delay in copies]
        if not copies and before is step.out:
            act.traceless = True
        if copies or self.basis.get((step.who, step.channel), True) is step.out:
            for one in self._untold(act):
                one.traceless = (
                    True  # it shows what it showed, or what a callback tells: nobody will see that anything else happened
                )

    def _untold(self, act: Act) -> list[Act]:
        """Acts of a channel over there of which no callback comes, and that nobody saw yet."""
        coming = [one for _, one in self.arrivals]
        return [
            one
            for one in self.acts
            if (one.email, one.channel, one.where) == (act.email, act.channel, THERE)
            and one.heard_at is None
            and one.looked_at is None
            and not any(one is other for other in coming)
        ]

    async def _pass(self, seconds: int) -> None:
        until = self.clock() + timedelta(seconds=seconds)
        while due := [at for at, _ in self.arrivals if at <= until]:
            self.clock.now = max(self.clock.now, min(due))
            await self._arrive()
            await self._work()
        self.clock.now = max(self.clock.now, until)

    async def _arrive(self) -> None:
        now = self.clock()
        due = sorted((one for one in self.arrivals if one[0] <= now), key=lambda one: one[0])
        self.arrivals = [one for one in self.arrivals if one[0] > now]
        for _, act in due:
            await self._called_back(act)

    async def _called_back(self, act: Act) -> None:
        async with self.world.store.work() as work:
            knowing = await work.contacts.shops_knowing(self.shops, act.email)
        account = self.surroundings == "account address"
        shops = reached(FanOut.ALL, self.shops, knowing) if account else ("shop1",)
        now = self.clock()
        said = OptOutClaimed(at=now, email=act.email) if act.out else OptInClaimed(at=now, email=act.email)
        for shop in shops:
            await self.world.post(said, shop=shop)
        act.reaches = frozenset(shops)
        act.heard_at, act.heard_last_at = act.heard_at or now, now
        if act.out:  # an opt-in is a claim, until it is read
            self.knew[act.email, act.channel] = self.basis[act.email, act.channel] = True

    async def _work(self) -> None:
        if self.upstream.weather == "asleep":
            return
        await self.world.plan()
        while await self.world.deliver():
            await self.world.plan()
        for side, fake in self.world.sides.items():
            for command in fake.done:
                self._panel_told(side, command)
            fake.done.clear()

    def _panel_told(self, shop: str, command: object) -> None:
        if isinstance(command, SetSubscription):
            for channel, said in (("email", command.email_news), ("phone", command.phone_news)):
                if said is not None:
                    self.panel[shop, command.email, channel] = said.status is Status.OPT_OUT

    async def _look(self, how: str) -> None:
        if self.upstream.weather == "asleep":
            return
        self.polls = True
        if how == "window":
            await self.pull.pull_changed("main", timedelta(0))
        else:
            await self.pull.sweep("main", timedelta(0))
        self.polls = False

    async def _rests(self) -> None:
        """Everything is well, and time passes until nothing moves."""
        self.upstream.weather = "fine"
        quiet, moved = 0, -1
        for _ in range(12):
            await self._pass(1200)
            await self._work()
            await self._look("window")
            await self._work()
            await self._pass(150)  # longer than the grace of a callback
            await self._look("sweep")
            await self._work()
            quiet, moved = (quiet + 1 if self._moved() == moved else 0), self._moved()
            if quiet == 2 and not self.arrivals:
                return
        self.faults.append("it does not come to rest")

    def _moved(self) -> int:
        """What left, so far."""
        return len(self.upstream.sent()) + sum(len(side.asked) for side in self.world.sides.values())

    # -- what the calls show ---------------------------------------------------------------------------------------------

    async def _leaves(self, method: str, items: list) -> None:
        if self.upstream.weather in ("down", "throttled", "lost without answer"):
            return
        for item in items:
            for channel, status in self._statuses(item):
                if status is not Status.OPT_IN:
                    continue
                theirs = self._of(item.address_after, channel)
                key = (item.address_after, channel)
                wrong = is_opt_in_wrong(theirs, self.clock(), knew=self.knew.get(key), shows=self.upstream.shows(*key))
                if wrong is not None:
                    self.faults.append(f"{item.address_after} {channel}: {wrong}")
                for act in self._untold(theirs[-1]) if theirs else ():
                    act.traceless = True

    async def _arrived(self, method: str, items: list) -> None:
        answered, done = self.upstream.weather == "fine", self.upstream.weather in ("fine", "done without answer")
        if method in ("look_up", "statuses") and self.upstream.weather not in ("down", "throttled"):
            for email in items:
                self._is_looked_at(email)
        for item in items if not answered and self.upstream.weather not in ("down", "throttled", "asleep") else ():
            for channel, status in self._statuses(item):
                if status is Status.OPT_IN:
                    self.unclear[item.address_after, channel] = self.clock()
                elif status is Status.OPT_OUT:
                    self.unclear_outs.add((item.address_after, channel))
                    self.knew[item.address_after, channel] = None
        for item in items if done else ():
            for channel, status in self._statuses(item):
                if status is not None:
                    if answered:
                        self.unclear.pop((item.address_after, channel), None)
                        self.unclear_outs.discard((item.address_after, channel))
                    was_in = self.knew.get((item.address_after, channel)) is False
                    self.knew[item.address_after, channel] = True if status is Status.OPT_OUT else False if was_in else None
                    if answered:
                        self.basis.setdefault((item.address_after, channel), status is Status.OPT_OUT)
                    for act in self._of(item.address_after, channel):
                        act.told_at = act.told_at or self.clock()
                        act.known_at = act.known_at or (self.clock() if answered else None)
                    for act in self._untold(Act(email=item.email, channel=channel, out=True, at=self.clock(), where=THERE)):
                        act.traceless = True

    def _is_looked_at(self, email: str) -> None:
        now = self.clock()
        on_its_way = {one.channel for one in self.acts if one.email == email and one.where != THERE and one.known_at is None}
        for channel in CHANNELS:
            shown = self.upstream.shows(email, channel)
            if self.polls:  # what is read before something is sent, or to confirm a callback, is not remembered
                self.looked[email, channel, shown] = now
            self.knew[email, channel] = shown
            if shown is not None:
                self.basis[email, channel] = shown
            for act in self._of(email, channel):
                act.known_at = act.known_at or (now if act.out is shown and act.told_at is not None else None)
        for act in self.acts:
            ours = act.channel in on_its_way or (act.out and (email, act.channel) in self.unclear_outs)
            if act.email == email and act.where == THERE and not ours:
                act.looked_at = act.looked_at or now

    @staticmethod
    def _statuses(item: object) -> list[tuple[str, Status | None]]:
        return [("email", item.email_status), ("phone", item.phone_status)] if isinstance(item, UpsertContact) else []

    def _of(self, email: str, channel: str) -> list[Act]:
        return [act for act in self.acts if (act.email, act.channel) == (email, channel)]

    # -- the end ---------------------------------------------------------------------------------------------------------

    async def _judge(self) -> None:
        for email in self.people:
            for channel in CHANNELS:
                theirs = self._of(email, channel)
                ends = permitted_ends(theirs)
                shown = self.upstream.shows(email, channel)
                if ends and shown not in ends:
                    self.faults.append(f"{email} {channel}: SALESmanago ends with {_word(shown)}, but {_words(theirs)}")
                for shop in self.shops:
                    self._judge_side(shop, email, channel, theirs)
        await self._judge_ledger()

    def _judge_side(self, shop: str, email: str, channel: str, theirs: list[Act]) -> None:
        judged = [replace(act, traceless=act.traceless or self._is_unspoken_for(act, theirs)) for act in theirs]
        ends = permitted_at_side(judged, shop)
        if self.surroundings == "shop address" and shop != "shop1":
            ends |= permitted_ends([act for act in theirs if act.where in (THERE, shop)])
        side = self.panel.get((shop, email, channel))
        if ends and side is not None and side not in ends:
            self.faults.append(f"{email} {channel}: {shop} ends with {_word(side)}, but {_words(theirs)}")
        last = newest(act for act in for_side(theirs, shop) if not act.traceless and not self._is_unspoken_for(act, theirs))
        if side is None and last is not None and ends == {True}:
            self.faults.append(f"{email} {channel}: {shop} was never told, but {_words(theirs)}")

    def _is_unspoken_for(self, act: Act, theirs: Sequence[Act]) -> bool:
        """A change without a callback, and undone before the grace of one was over: nobody can say for which shop it was meant."""
        lost = act.where == THERE and act.heard_at is None and self.surroundings == "shop address"
        return lost and any(act.at < other.at < act.at + GRACE + timedelta(seconds=30) for other in theirs)

    async def _judge_ledger(self) -> None:
        async with self.world.database.transaction() as connection:
            emails = {row.id: row.email for row in await connection.execute(select(contacts.c.id, contacts.c.email))}
            lines = (await connection.execute(select(consents).where(consents.c.source == "StatusSeen"))).all()
        for line in lines:
            channel = "email" if line.channel == "email" else "phone"
            out = line.act == "opt_out"
            theirs = self._of(emails[line.contact_id], channel)
            if not any(act.where == THERE and act.out is out and act.at <= line.recorded_at for act in theirs):
                self.faults.append(
                    f"{emails[line.contact_id]} {channel}: the ledger of {line.shop_id} says {line.act}, but {_words(theirs)}"
                )


def _word(out: bool | None) -> str:
    return {True: "out", False: "in", None: "nothing"}[out]


def _words(acts: Sequence[Act]) -> str:
    said = [f"{_word(act.out)} at {act.where} {act.at:%H:%M:%S}{' (no trace)' if act.traceless else ''}" for act in acts]
    return "; ".join(said) or "nobody acted"


def played(file: Path, surroundings: str, steps: Sequence[Step]) -> list[str]:
    """On a SQLite of its own."""
    return on_a_copy(file, lambda database: Play(database, surroundings).play(steps))


def on_a_copy(file: Path, play: Callable[[Database], Coroutine[None, None, list[str]]]) -> list[str]:
    """What is wrong after a play on a copy of a migrated SQLite file."""

    async def played_on(url: str) -> list[str]:
        database = Database(url)
        try:
            return await play(database)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(file, Path(folder) / "gateway.db")
        return asyncio.run(played_on(f"sqlite+aiosqlite:///{folder}/gateway.db"))
