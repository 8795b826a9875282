"""The one task that decides what is begun, and the door for those who wish.

Wishes queue here. After everything that happens the scheduler is asked for a plan
(scheduling/plan.py, pure), and the plan is carried out: wishes begin, are answered, refused or
dropped, changes are given up. Each change runs as a task of its own (work.py). Whoever asks gets a
`Pending` and may wait for it; equal wishes share one.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from core.clock import Clock
from core.errors import Refused, StudioError, Unavailable
from core.ids import new_id
from core.placement.placement import Placement
from core.status import SwitchView
from core.switching.commands import CancelChange, Change, RequestEvict, RequestSwitch, kind_of
from core.switching.decider import UnderWay
from core.switching.effects import Effects
from core.switching.ledger import Ledger
from core.switching.pending import Pending, answer, new_pending, refuse
from core.switching.refusals import no_room
from core.switching.scheduling.plan import RECENTLY, plan
from core.switching.scheduling.scene import (
    Answer,
    Begin,
    Drop,
    Interrupt,
    Refuse,
    Rules,
    Scene,
    Step,
)
from core.switching.work import Work
from events.store import EventStore

log = logging.getLogger(__name__)

STUCK_S = 5.0  # a wish that nobody has looked at for so long is a fault
LOOK_TWICE_S = 2.0  # a driver still holds the memory of an engine that has just gone
LOOK_EVERY_S = 1.0  # while wishes wait, even if nothing is heard


class Switchboard:
    """Owns the queue of wishes and the changes under way."""

    def __init__(
        self,
        *,
        store: EventStore,
        effects: Effects,
        clock: Clock,
        rules: Callable[[], Rules],
        finishes_unwanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """`finishes_unwanted`: a load goes on when everyone who waited for it has left."""
        self._effects = effects
        self._clock = clock
        self._rules = rules
        self._finishes_unwanted = finishes_unwanted
        self._ledger = Ledger(store, self._changed)
        self._queue: list[Pending] = []
        self._works: dict[str, Work] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._left_at: dict[str, float] = {}
        self._waits_for: dict[str, str] = {}
        self._looked_at = clock.monotonic()
        self._looked = asyncio.Event()
        self._closed = False
        self._listeners: list[Callable[[], None]] = []

    # ---- asking ---------------------------------------------------------------------------------

    def request(
        self,
        change: Change,
        *,
        actor: str,
        correlation_id: str,
        manual: bool = True,
        priority: int = 0,
        causation_id: str | None = None,
    ) -> Pending:
        """Queue a wish, or join the equal one that is already waiting or under way.

        `correlation_id` is the id of the request that asks, where one does.
        Raises Unavailable when the studio is stopping.
        """
        if self._closed:
            raise Unavailable("vLLM Studio is stopping", code="stopping")
        pending = self._same(change)
        if pending is None:
            pending = new_pending(
                change,
                actor=actor,
                correlation_id=correlation_id,
                asked_at=self._clock.monotonic(),
                manual=manual,
                priority=priority,
                causation_id=causation_id,
            )
            self._queue.append(pending)
            if not isinstance(change, RequestEvict):
                self._spawn(self._look_up(pending, change))
        if manual:  # a person's newest word is as old as itself, also where it joins a wish
            pending.manual, pending.asked_at = True, self._clock.monotonic()
        pending.wanted, pending.resumed = True, False
        if change.force:
            self._cut_short(change)
        self.look_again()
        self._changed()
        return pending

    def look_again(self) -> None:
        """Something the scheduler looks at may be different now."""
        self._wake.set()

    def requests_moved(self) -> None:
        """A request came or went. Of interest where somebody waits; the hot path pays for looks."""
        if self._queue or self._works:
            self.look_again()

    def close(self) -> None:
        """The studio stops: nothing is begun any more, and what is under way is given up."""
        self._closed = True
        self.cancel(CancelChange())

    def forget(self, pending: Pending) -> None:
        """Nobody waits for it any more: drop it, unless a person asked or something has gone.

        While it only drains, nobody has lost anything yet, and what drains goes on as if nothing
        had been asked.
        """
        if pending.manual:
            return
        if pending not in self._queue and pending.change.target in self._effects.ready():
            return  # it has come about
        pending.wanted = False
        if pending in self._queue:
            self._drop(pending, "nobody waits for it any more")
        elif (work := self._works.get(pending.switch_id)) and not self._finishes_unwanted():
            work.interrupt("nobody waits for it any more")
        self.look_again()

    def cancel(self, command: CancelChange) -> int:
        """Give up matching wishes, waiting and under way; how many there were."""
        waiting = [p for p in self._queue if command.target in (None, p.change.target)]
        working = [
            w
            for w in self._works.values()
            if command.target in (None, w.pending.change.target) and w.interrupted is None
        ]
        for pending in waiting:
            self._drop(pending, "it was cancelled")
        for work in working:
            work.interrupt("it was cancelled")
        return len(waiting) + len(working)

    # ---- readings -------------------------------------------------------------------------------

    def check(self) -> str:
        """ "ok", or why wishes are not being served."""
        silent = self._clock.monotonic() - self._looked_at
        if self._queue and silent > STUCK_S:
            kind = kind_of(self._queue[0].change)
            return f"a {kind} was not looked at for {silent:.0f} s"
        return "ok"

    async def answers(self, *, within_s: float) -> str:
        """Ask the scheduler to look again now: "ok" once it has, or what is wrong with it.

        A task that hangs is found before anybody's wish is stuck behind it.
        """
        self._looked.clear()
        self.look_again()
        try:
            async with asyncio.timeout(within_s):
                await self._looked.wait()
        except TimeoutError:
            return f"the scheduler did not answer within {within_s:.0f} s"
        return self.check()

    def views(self) -> tuple[SwitchView, ...]:
        """The changes under way, for people; what a person asked for first."""
        works = sorted(self._works.values(), key=lambda w: not w.pending.manual)
        return tuple(view for work in works if (view := work.view()) is not None)

    def view(self) -> SwitchView | None:
        """The change to show where there is place for one."""
        views = self.views()
        return views[0] if views else None

    def waits_for(self, target: str) -> str:
        """Why the wish for a model is not begun yet, in words; empty when none waits."""
        for pending in self._queue:
            if pending.change.target == target:
                return self._waits_for.get(pending.switch_id, "")
        return ""

    def queue_position(self, target: str) -> int | None:
        """How many wishes are before the one for this model; None when none waits."""
        bring = [p for p in self._queue if not isinstance(p.change, RequestEvict)]
        targets = [p.change.target for p in sorted(bring, key=lambda p: (not p.manual, p.asked_at))]
        return targets.index(target) if target in targets else None

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop after every change of the view."""
        self._listeners.append(callback)

    # ---- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Finish what a crash left half done, then serve wishes until cancelled."""
        self._ledger.read()
        try:
            for state in self._ledger.under_way:
                await self._resume(state)
            while True:
                self._wake.clear()
                await self._ledger.write_again()
                await self._wait(self._carry_out_plan())
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _carry_out_plan(self) -> float | None:
        """Plan, do it, and say when to look again at the latest (None: when something happens)."""
        now = self._looked_at = self._clock.monotonic()
        self._looked.set()
        made = plan(self._scene(now))
        self._waits_for = dict(made.waits_for)
        for step in made.steps:
            self._take(step)
        if not self._queue:
            return LOOK_EVERY_S if self._ledger.has_unwritten else None
        look_at = now + LOOK_EVERY_S if made.look_at is None else made.look_at
        return max(0.0, min(look_at - now, LOOK_EVERY_S))

    def _scene(self, now: float) -> Scene:
        rules, ready = self._rules(), self._effects.ready()
        recent = RECENTLY * rules.min_residence_s
        self._left_at = {r: at for r, at in self._left_at.items() if now - at <= recent}
        return Scene(
            now=now,
            rules=rules,
            wishes=tuple(p.as_wish() for p in self._queue if _can_be_judged(p, ready)),
            jobs=tuple(work.as_job() for work in self._works.values()),
            residents=self._effects.residents(),
            capacity=self._effects.capacity(),
            left_at=self._left_at,
        )

    def _take(self, step: Step) -> None:
        match step:
            case Interrupt(job_id=job_id, why=why):
                if (work := self._works.get(job_id)) is not None:
                    work.interrupt(why)
                return
            case Begin() | Answer() | Drop() | Refuse():
                pending = next((p for p in self._queue if p.switch_id == step.wish_id), None)
        if pending is None:
            return
        match step:
            case Begin():
                self._queue.remove(pending)
                self._begin(
                    Work.of(
                        pending,
                        step,
                        ledger=self._ledger,
                        effects=self._effects,
                        clock=self._clock,
                    )
                )
            case Answer():
                self._queue.remove(pending)
                answer(pending.begun, None)
                answer(pending.done, None)
            case Drop(why=why):
                self._drop(pending, why)
            case Refuse(pinned=pinned):
                if not pinned and not pending.looked_twice:
                    pending.looked_twice, pending.options = True, None
                    self._spawn(self._look_up(pending, pending.change, after_s=LOOK_TWICE_S))
                    return
                self._queue.remove(pending)
                refuse(pending, no_room(pending.change, pinned, self._rules().max_resident))

    # ---- changes under way ----------------------------------------------------------------------

    def _begin(self, work: Work) -> None:
        self._works[work.pending.switch_id] = work
        self._spawn(self._see_through(work))

    async def _see_through(self, work: Work) -> None:
        switch_id = work.pending.switch_id
        try:
            await work.run()
        finally:
            now = self._clock.monotonic()
            self._left_at |= dict.fromkeys(work.left, now)
            del self._works[switch_id]
            if work.interrupted is not None:
                self._after_interruption(work.pending, work.interrupted, now)
            elsewhere = frozenset[str]().union(*(w.as_job().evict for w in self._works.values()))
            self._effects.restore([r for r in work.evict if r not in elsewhere])
            self.look_again()
            self._changed()

    def _after_interruption(self, pending: Pending, why: str, now: float) -> None:
        """A request's wish that gave way to a person keeps its age and waits on."""
        waits_on = pending.wanted and not pending.resumed and not pending.done.done()
        if not pending.manual and waits_on and "took its place" in why and not self._closed:
            if pending.change.target is not None:
                self._left_at[pending.change.target] = now  # the newcomer may stay for a while
            pending.switch_id = new_id("switch")
            self._queue.append(pending)
            if pending.options is None and not isinstance(pending.change, RequestEvict):
                self._spawn(self._look_up(pending, pending.change))
            return
        kind = kind_of(pending.change)
        refuse(pending, Refused(f"the {kind} was cancelled: {why}", code="cancelled"))

    async def _resume(self, state: UnderWay) -> None:
        """Go on with what a crash left half done."""
        change: Change
        if state.kind == "evict" or state.target is None:
            change = RequestEvict(target=state.target, force=state.force)
        else:
            change = RequestSwitch(target=state.target, force=state.force)
        newest = self._ledger.newest(state.switch_id)
        pending = new_pending(
            change,
            actor="system",
            correlation_id=(newest and newest.correlation_id) or state.switch_id,
            asked_at=self._clock.monotonic(),
            manual=False,
            causation_id=newest.id if newest is not None else None,
        )
        pending.switch_id, pending.resumed = state.switch_id, True
        placement = await self._placement_of(state)
        self._begin(
            Work(
                pending,
                evict=state.evict,
                placement=placement,
                ledger=self._ledger,
                effects=self._effects,
                clock=self._clock,
            )
        )

    async def _placement_of(self, state: UnderWay) -> Placement | None:
        """Where it was going to be; None when it can not be there any more, as its start tells."""
        if state.target is None:
            return None
        try:
            options = await self._effects.options(state.target, force=True)
        except StudioError:
            return None
        except Exception:
            log.exception("looking up %s failed", state.target)
            return None
        same = [o for o in options if o.devices == state.devices]
        return next(iter((*same, *options)), None)

    async def _look_up(self, pending: Pending, change: Change, after_s: float = 0.0) -> None:
        """How its target may run; a wish that can not come true is refused now."""
        assert change.target is not None, "only an eviction has no target"
        try:
            await asyncio.sleep(after_s)
            pending.options = await self._effects.options(change.target, force=change.force)
        except StudioError as refusal:
            self._refuse_waiting(pending, refusal)
        except Exception as error:
            log.exception("looking up %s failed", change.target)
            self._refuse_waiting(pending, StudioError(f"internal error: {error}"))
        self.look_again()

    # ---- parts ----------------------------------------------------------------------------------

    def _same(self, change: Change) -> Pending | None:
        """A new word to unload is not the one under way: it also ends what was asked since."""
        anew = isinstance(change, RequestEvict) and not change.only_idle
        working = [] if anew else [w for w in self._works.values() if w.interrupted is None]
        waiting = [*(w.pending for w in working), *self._queue]
        return next((p for p in waiting if p.change == change and not p.done.done()), None)

    def _cut_short(self, change: Change) -> None:
        """Who says now that running requests do not matter need not wait for a drain either."""
        for work in self._works.values():
            job = work.as_job()
            if not isinstance(change, RequestEvict):
                leaving = job.evict if job.target == change.target else frozenset[str]()
            else:
                leaving = job.evict if change.target is None else job.evict & {change.target}
            if leaving and job.draining and not job.ending:
                self._effects.cut(sorted(leaving))

    def _refuse_waiting(self, pending: Pending, refusal: StudioError) -> None:
        if pending in self._queue:
            self._queue.remove(pending)
            refuse(pending, refusal)
            self._changed()

    def _drop(self, pending: Pending, why: str) -> None:
        kind = kind_of(pending.change)
        refusal = Refused(f"the {kind} was given up: {why}", code="cancelled")
        self._refuse_waiting(pending, refusal)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed(self) -> None:
        for callback in self._listeners:
            callback()


def _can_be_judged(pending: Pending, ready: frozenset[str]) -> bool:
    """Before it is known how its target may run, only whether it does."""
    known = isinstance(pending.change, RequestEvict) or pending.options is not None
    alone = getattr(pending.change, "exclusive", False)  # then others may have to go
    return known or (pending.change.target in ready and not alone)
