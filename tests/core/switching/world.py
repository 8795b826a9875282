"""A small world in which the scheduler's plans come true, for searching through schedules.

Time is virtual and jumps from one thing that happens to the next. Loads, stops and drains take
seeded times, some loads fail, clients come and leave, people switch, evict and cancel. The world
does exactly what the switchboard does with a plan, and watches what must never happen.
"""

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from random import Random

from core.placement.placement import HOST
from core.switching.scheduling.order import wait_bound
from core.switching.scheduling.plan import plan
from core.switching.scheduling.scene import (
    Answer,
    Begin,
    Drop,
    Interrupt,
    Job,
    Refuse,
    Resident,
    Rules,
    Scene,
    Wish,
)
from tests.core.switching.world_parts import Change, Engine, Model, Request

LOAD_S, STOP_S, DRAIN_S, SERVE_S = 8.0, 2.0, 6.0, 5.0
CHANGE_S = LOAD_S + STOP_S + DRAIN_S


class Broken(AssertionError):
    """Something happened that never may."""


class World:
    """Everything, and the invariants."""

    def __init__(
        self,
        models: list[Model],
        rules: Rules,
        capacity: dict[str, int],
        seed: int,
        *,
        by_hand: bool = False,
    ) -> None:
        self.models = {m.name: m for m in models}
        self.rules, self.capacity = rules, capacity
        self.random = Random(seed)
        self.by_hand = by_hand
        self.now = 0.0
        self.happenings: list[tuple[float, int, Callable[[], None]]] = []
        self.numbers = count(1)
        self.requests: dict[int, Request] = {}
        self.waiting: dict[str, dict[int, Request]] = {m.name: {} for m in models}
        self.wishes: dict[str, Wish] = {}
        self.changes: dict[str, Change] = {}
        self.engines: dict[str, Engine] = {}
        self.owed: dict[int, str] = {}
        self.left_at: dict[str, float] = {}
        self.wake_at: float | None = None
        self.hands = 0
        self.swaps = 0
        self.longest = 0.0
        self.moved = True  # who is in memory is not who was there at the last look

    # ---- running --------------------------------------------------------------------------------

    def at(self, seconds: float, what: Callable[[], None]) -> None:
        """Have it happen so many seconds from now."""
        heapq.heappush(self.happenings, (self.now + seconds, next(self.numbers), what))

    def run(self, until: float) -> None:
        """Let everything happen; then nobody may be left waiting."""
        self.look()
        while self.happenings:
            at, _, what = heapq.heappop(self.happenings)
            if at > until + 100 * CHANGE_S:
                break
            self.now = at
            what()
            self.look()
        self.check_end()

    def look(self) -> None:
        """Plan and carry out until there is nothing to do now."""
        for _ in range(50):
            if not self.wishes and not self.changes:
                self.check_now()
                return
            steps = plan(self.scene())
            if steps.look_at is not None and steps.look_at != self.wake_at:
                self.wake_at = steps.look_at
                self.at(max(0.0, steps.look_at - self.now), lambda: None)
            if not steps.steps:
                self.check_now()
                return
            for step in steps.steps:
                self.take(step)
        raise Broken("the plan never comes to rest")

    def scene(self) -> Scene:
        """What the scheduler may know."""
        owed = tuple(self.owed.values())
        residents = tuple(
            Resident(
                recipe_id=e.model,
                placement=e.placement,
                pinned=self.models[e.model].pinned,
                in_flight=len(e.serving),
                owed=owed.count(e.model),
                ready_at=e.ready_at if e.state == "ready" else None,
                last_used=e.last_used,
            )
            for e in self.engines.values()
        )
        jobs = tuple(
            Job(
                job_id=c.job.job_id,
                kind=c.job.kind,
                target=c.job.target,
                evict=frozenset(c.left),
                placement=c.job.placement,
                manual=c.job.manual,
                asked_at=c.job.asked_at,
                draining=c.phase == "draining" and bool(c.left),
                unwanted=not c.job.manual
                and c.job.kind != "evict"
                and not self.waiting[str(c.job.target)],
                ending=c.phase == "ending",
            )
            for c in self.changes.values()
        )
        return Scene(
            now=self.now,
            rules=self.rules,
            wishes=tuple(self.wishes.values()),
            jobs=jobs,
            residents=residents,
            capacity=self.capacity,
            left_at=self.left_at,
        )

    # ---- clients and people ---------------------------------------------------------------------

    def wait(self, request: Request) -> None:
        """It waits for its model."""
        request.let_through = None
        self.waiting[request.model][request.number] = request

    def ended(self, request: Request, outcome: str) -> None:
        """It has its answer."""
        request.ended = outcome
        self.waiting[request.model].pop(request.number, None)

    def come(self, model: str, leaves_after: float | None = None) -> None:
        """A request arrives."""
        request = Request(number=next(self.numbers), model=model, came=self.now)
        self.requests[request.number] = request
        if leaves_after is not None:
            self.at(leaves_after, lambda: self.leave(request))
        self.admit(request)

    def admit(self, request: Request) -> None:
        """On to its engine, or into the wait for it."""
        engine = self.engines.get(request.model)
        if engine is not None and engine.state == "ready" and not engine.withdrawn:
            self.let_through(request, engine)
            return
        self.wait(request)
        self.want(request.model, request.came)

    def want(self, model: str, asked_at: float) -> None:
        """All who wait for a model are one wish, as old as the first of them."""
        served = any(
            c.job.target == model and c.phase != "ending" and c.job.kind != "evict"
            for c in self.changes.values()
        )
        if served or any(
            w.target == model and not w.manual and w.kind == "switch" for w in self.wishes.values()
        ):
            return
        wish_id = f"w{next(self.numbers)}"
        self.wishes[wish_id] = Wish(
            wish_id=wish_id,
            kind="switch",
            target=model,
            asked_at=asked_at,
            priority=self.models[model].priority,
            options=self.models[model].options,
        )

    def let_through(self, request: Request, engine: Engine) -> None:
        """It enters a moment later, as through an event loop."""
        request.let_through = self.now
        self.waiting[request.model].pop(request.number, None)
        self.longest = max(self.longest, self.now - request.came)
        bound = wait_bound(len(self.models) - 1, self.rules, CHANGE_S, self.hands)
        if self.now - request.came > bound:
            raise Broken(f"{request} waited {self.now - request.came:.1f} s, bound {bound:.1f} s")
        self.forget(request.model)
        self.owed[request.number] = request.model
        self.at(0.01, lambda: self.enter(request, engine))

    def enter(self, request: Request, engine: Engine) -> None:
        """It is being served; an engine that let it through must still be there."""
        self.owed.pop(request.number, None)
        if request.ended:
            return
        if engine.state != "ready" or self.engines.get(request.model) is not engine:
            if not self.by_hand:
                raise Broken(f"{request} was let through and its engine is {engine.state}")
            self.admit(request)
            return
        engine.serving.add(request.number)
        engine.last_used = self.now
        self.at(self.random.uniform(0.1, SERVE_S), lambda: self.served(request, engine))

    def served(self, request: Request, engine: Engine) -> None:
        """Its answer is complete, unless it was cut."""
        if request.number in engine.serving:
            engine.serving.discard(request.number)
            engine.last_used = self.now
            self.ended(request, "ok")
        if engine.withdrawn and not engine.serving:
            for change in tuple(self.changes.values()):
                if engine.model in change.left:
                    self.drained(change)

    def leave(self, request: Request) -> None:
        """The client hangs up while it waits; nothing may start for nobody."""
        if request.number not in self.waiting[request.model]:
            return
        self.ended(request, "left")
        self.forget(request.model)

    def forget(self, model: str) -> None:
        """Nobody waits for it any more: nothing is to start for nobody."""
        if self.waiting[model]:
            return
        for wish in tuple(self.wishes.values()):
            if wish.target == model and not wish.manual and wish.kind == "switch":
                del self.wishes[wish.wish_id]

    def ask(self, kind: str, target: str | None) -> None:
        """A person asks."""
        self.hands += 1
        wish_id = f"m{next(self.numbers)}"
        self.wishes[wish_id] = Wish(
            wish_id=wish_id,
            kind="evict" if kind == "evict" else "switch",
            target=target,
            asked_at=self.now,
            manual=True,
            options=self.models[target].options if target else (),
        )

    # ---- carrying a plan out --------------------------------------------------------------------

    def take(self, step: Answer | Begin | Drop | Interrupt | Refuse) -> None:
        """One step."""
        match step:
            case Answer(wish_id=wish_id):
                self.wishes.pop(wish_id, None)
            case Refuse(wish_id=wish_id) | Drop(wish_id=wish_id):
                if (wish := self.wishes.pop(wish_id, None)) is not None:
                    self.tell(wish, "refused")
            case Interrupt(job_id=job_id, why=why):
                if (change := self.changes.get(job_id)) is not None:
                    self.interrupt(change, why)
            case Begin():
                if step.wish_id in self.wishes:
                    self.begin(self.wishes.pop(step.wish_id), step)

    def tell(self, wish: Wish, outcome: str) -> None:
        """Everybody who waits for it hears it."""
        if wish.manual or wish.kind == "evict":
            return
        for request in tuple(self.waiting[str(wish.target)].values()):
            self.ended(request, outcome)

    def begin(self, wish: Wish, step: Begin) -> None:
        """Withdraw and drain."""
        if not wish.manual and wish.kind == "switch" and not self.waiting[str(wish.target)]:
            raise Broken(f"{wish} was begun for nobody")
        job = Job(
            job_id=wish.wish_id,
            kind=wish.kind,
            target=wish.target,
            evict=frozenset(step.evict),
            placement=step.placement,
            manual=wish.manual,
            asked_at=wish.asked_at,
        )
        for other in self.changes.values():
            if (other.left | {other.job.target}) & job.touches - {None}:
                raise Broken(f"{job} touches what {other} touches")
        change = self.changes[job.job_id] = Change(job=job, wish=wish, left=set(step.evict))
        self.swaps += bool(step.evict)
        for model in step.evict:
            engine = self.engines[model]
            engine.withdrawn = True
            if not wish.manual and wish.kind == "switch" and self.models[model].pinned:
                raise Broken(f"{model} is pinned and was evicted for {wish}")
        self.at(DRAIN_S, lambda: self.drained(change, cut=True))
        self.drained(change)

    def drained(self, change: Change, *, cut: bool = False) -> None:
        """Go on when nobody is served any more, or the deadline has passed."""
        if change.phase != "draining" or self.changes.get(change.job.job_id) is not change:
            return
        engines = [self.engines[m] for m in change.left if m in self.engines]
        if any(e.serving for e in engines) and not cut:
            return
        for engine in engines:
            for number in engine.serving:
                self.ended(self.requests[number], "cut")
            engine.serving.clear()
            engine.state = "stopping"
            self.at(self.random.uniform(0.05, STOP_S), partial(self.stopped, change, engine))
        change.phase = "evicting"
        if not engines:
            self.start(change)

    def stopped(self, change: Change, engine: Engine) -> None:
        """Its memory is free."""
        if self.engines.get(engine.model) is engine:
            del self.engines[engine.model]
            self.moved = True
            self.left_at[engine.model] = self.now
        change.left.discard(engine.model)
        if not change.left:
            if change.phase == "ending":
                self.end(change)
            else:
                self.start(change)

    def start(self, change: Change) -> None:
        """Load the target, or be done."""
        target = change.job.target
        if change.job.kind == "evict" or target is None:
            self.end(change)
            return
        if target in self.engines:
            raise Broken(f"{target} is loaded twice")
        assert change.job.placement is not None
        change.phase = "starting"
        self.moved = True
        engine = self.engines[target] = Engine(model=target, placement=change.job.placement)
        fails = self.random.random() < self.models[target].fails
        self.at(self.random.uniform(0.1, LOAD_S), partial(self.loaded, change, engine, fails=fails))

    def loaded(self, change: Change, engine: Engine, *, fails: bool) -> None:
        """It answers, or it came to nothing."""
        if self.engines.get(engine.model) is not engine or engine.state != "loading":
            return
        if fails:
            del self.engines[engine.model]
            self.moved = True
            self.tell(change.wish, "failed")
        else:
            engine.state, engine.ready_at, engine.last_used = "ready", self.now, self.now
        self.end(change)
        if not fails:
            for request in tuple(self.waiting[engine.model].values()):
                self.let_through(request, engine)

    def interrupt(self, change: Change, why: str) -> None:
        """Tidy up: what drains goes on as if nothing had been asked, a load is stopped."""
        phase, change.phase = change.phase, "ending"
        if change.job.kind != "evict":
            if "took its place" in why and not change.wish.manual:
                self.left_at[str(change.job.target)] = self.now  # it gave way
            elif "nobody" not in why:
                self.tell(change.wish, "cancelled")
        if phase == "draining":
            self.end(change)
        elif phase == "starting":
            engine = self.engines[str(change.job.target)]
            engine.state = "stopping"
            change.left = {engine.model}
            self.at(self.random.uniform(0.05, STOP_S), lambda: self.stopped(change, engine))

    def end(self, change: Change) -> None:
        """It has its outcome; who still waits asks again with the age they have."""
        del self.changes[change.job.job_id]
        for model in change.job.evict:
            if model in self.engines and self.engines[model].state == "ready":
                self.engines[model].withdrawn = False
        for waiting in tuple(self.waiting.values()):
            for request in tuple(waiting.values()):
                self.admit(request)

    # ---- what must never be ---------------------------------------------------------------------

    def check_now(self) -> None:
        """At rest: memory is not overbooked, and whoever waits waits for something."""
        if self.moved:
            self.check_memory()
            self.moved = False
        if self.wishes and not self.changes and not self.happenings:
            raise Broken(f"dead-lock: {list(self.wishes.values())}")

    def check_memory(self) -> None:
        """No device holds more than it has, and no more models are there than may be."""
        awake = self.engines.values()
        if self.rules.max_resident and len(awake) > self.rules.max_resident:
            raise Broken(f"{len(awake)} are resident, {self.rules.max_resident} may be")
        held: dict[str, list[int | None]] = {}
        for engine in awake:
            for share in engine.placement.shares:
                held.setdefault(share.device, []).append(share.bytes)
        for device, sizes in held.items():
            vouched = device == HOST and self.rules.max_resident
            if len(sizes) > 1 and None in sizes and not vouched:
                raise Broken(f"{device} is shared with a model of unknown size")
            limit = self.capacity.get(device)
            if limit is not None and sum(size or 0 for size in sizes) > limit:
                raise Broken(f"{device} is overbooked: {sizes}")

    def check_end(self) -> None:
        """Everybody was answered, and nothing is under way."""
        left = [r for r in self.requests.values() if not r.ended]
        if left or self.wishes or self.changes:
            raise Broken(f"left: {left[:3]} {list(self.wishes.values())} {list(self.changes)}")
