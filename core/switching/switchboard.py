"""The one task that changes what is resident.

Wishes queue here; one is carried out at a time, step by step, each step recorded before the next.
Whoever asks gets a `Pending` and may wait for it; equal wishes share one.

A wish by a person comes before one by the gateway. A new switch by a person replaces an unfinished
one (the latest manual switch wins); the gateway's wishes wait their turn.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import assert_never

from core.clock import Clock
from core.command_handler import known_facts
from core.errors import Refused, StudioError, Unavailable
from core.status import SwitchView
from core.switching import decider
from core.switching.commands import CancelChange, Change, RequestEvict, RequestSwitch, kind_of
from core.switching.decider import BeginChange, State, UnderWay
from core.switching.effects import Effects
from core.switching.pending import Pending, answer, new_pending, refuse
from core.switching.process_manager import Drain, Evict, Finish, Start, next_step
from events.errors import EventError
from events.facts import (
    SwitchCancelled,
    SwitchCompleted,
    SwitchDrained,
    SwitchDrainingStarted,
    SwitchEvictionFinished,
    SwitchFailed,
    SwitchRequested,
)
from events.facts.base import Fact
from events.store import EventStore

log = logging.getLogger(__name__)

STREAM = "switching"
STUCK_S = 5.0  # a wish nobody begins for so long, with nothing under way, is a fault


class Switchboard:
    """Owns the `switching` stream: its only writer, with the folded state in hand."""

    def __init__(
        self, *, store: EventStore, effects: Effects, clock: Clock, room: Callable[[], int]
    ) -> None:
        self._store = store
        self._effects = effects
        self._clock = clock
        self._room = room
        self._state: State = decider.INITIAL
        self._queue: list[Pending] = []
        self._wake = asyncio.Event()
        self._current: Pending | None = None
        self._work: asyncio.Task[None] | None = None
        self._cancelled = False
        self._closed = False
        self._since = 0
        self._listeners: list[Callable[[], None]] = []

    # ---- asking ---------------------------------------------------------------------------------

    def request(
        self, change: Change, *, actor: str, correlation_id: str, manual: bool = True
    ) -> Pending:
        """Queue a wish, or join the equal one that is already waiting or under way.

        Raises Unavailable when the studio is stopping.
        """
        if self._closed:
            raise Unavailable("vLLM Studio is stopping", code="stopping")
        pending = self._same(change)
        if pending is None:
            pending = self._new(change, actor, correlation_id, manual)
            self._replace_older_wishes(pending)
            self._queue.append(pending)
        pending.manual = pending.manual or manual
        self._queue.sort(key=lambda p: (not p.manual, p.asked_at))
        self._wake.set()
        self._changed()
        return pending

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
        if pending in self._queue:
            self._drop(pending, "nobody waits for it any more")
        elif pending is self._current and self._only_drains():
            self._interrupt()

    def cancel(self, command: CancelChange) -> int:
        """Give up matching wishes, waiting and under way; how many there were."""
        given_up = [p for p in self._queue if command.target in (None, p.change.target)]
        for pending in given_up:
            self._drop(pending, "it was cancelled")
        current = self._current
        if current and command.target in (None, current.change.target):
            self._interrupt()
            return len(given_up) + 1
        return len(given_up)

    def check(self) -> str:
        """ "ok", or why wishes are not being served."""
        if self._queue and self._current is None:
            waited = (self._clock.now() - self._queue[0].asked_at) / 1e6
            if waited > STUCK_S:
                return f"a {kind_of(self._queue[0].change)} was not begun for {waited:.0f} s"
        return "ok"

    def view(self) -> SwitchView | None:
        """The change under way, for people."""
        state, current = self._state, self._current
        if not isinstance(state, UnderWay):
            return None
        return SwitchView(
            switch_id=state.switch_id,
            kind=state.kind,
            target=state.target,
            step=self._step_name(state),
            since=self._since,
            actor=current.actor if current else "system",
            in_flight=self._effects.in_flight(state.evict),
        )

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop after every change of the view."""
        self._listeners.append(callback)

    # ---- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Finish what a crash left half done, then serve wishes until cancelled."""
        self._fold(known_facts(self._store.read_stream(STREAM)))
        if isinstance(self._state, UnderWay):
            await self._carry_out(self._resumed(self._state))
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._carry_out(self._queue.pop(0))

    async def _carry_out(self, pending: Pending) -> None:
        """One wish from request to outcome; its failure is the asker's, never the task's."""
        self._current, self._cancelled = pending, False
        self._since = self._clock.now()
        self._work = asyncio.ensure_future(self._steps(pending))
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._cancelled or _is_being_cancelled():
                raise
            await self._end_cancelled(pending)
        except StudioError as refusal:
            await self._end_failed(pending, refusal)
        except Exception as error:
            log.exception("the change %s ended unexpectedly", pending.switch_id)
            await self._end_failed(pending, StudioError(f"internal error: {error}"))
        finally:
            self._current = self._work = None
            self._effects.restore()
            self._changed()

    async def _steps(self, pending: Pending) -> None:
        began = self._clock.monotonic()
        if not isinstance(self._state, UnderWay) and not await self._begin(pending):
            return
        while not isinstance(step := next_step(self._state, self._effects.ready()), Finish):
            assert step is not None, "a change under way always has a next step"
            await self._take(step, pending)
        assert isinstance(self._state, UnderWay)
        await self._record(
            SwitchCompleted(
                switch_id=self._state.switch_id,
                kind=self._state.kind,
                target=self._state.target,
                seconds=self._clock.monotonic() - began,
            )
        )
        answer(pending.done, None)

    async def _begin(self, pending: Pending) -> bool:
        """Decide and record; False when it is already so and nothing has to be done."""
        change = pending.change
        if not isinstance(change, RequestEvict) and self._already(change):
            facts: Sequence[Fact] = ()
        else:
            if not isinstance(change, RequestEvict):
                await self._effects.rehearse(change.target)
            facts = decider.decide(
                BeginChange(
                    switch_id=pending.switch_id,
                    change=change,
                    residents=self._effects.residents(),
                    room=self._room(),
                ),
                self._state,
            )
        if not facts:
            answer(pending.begun, None)
            answer(pending.done, None)
            return False
        for fact in facts:
            await self._record(fact)
        answer(pending.begun, next(f for f in facts if isinstance(f, SwitchRequested)))
        return True

    def _already(self, change: Change) -> bool:
        if change.target not in self._effects.ready():
            return False
        if not (isinstance(change, RequestSwitch) and change.exclusive):
            return True
        return all(r.recipe_id == change.target or r.pinned for r in self._effects.residents())

    async def _take(self, step: Drain | Evict | Start | Finish, pending: Pending) -> None:
        assert isinstance(self._state, UnderWay)
        id_ = self._state.switch_id
        match step:
            case Drain(recipe_ids=recipe_ids, force=force):
                self._effects.withdraw(recipe_ids)
                await self._drain(id_, recipe_ids, force=force)
            case Evict(recipe_id=recipe_id):
                self._effects.withdraw([recipe_id])
                await self._effects.stop(
                    recipe_id,
                    reason=_because(self._state, pending),
                    actor=pending.actor,
                    correlation_id=pending.correlation_id,
                )
                await self._record(SwitchEvictionFinished(switch_id=id_, recipe_id=recipe_id))
            case Start(recipe_id=recipe_id):
                await self._effects.start(
                    recipe_id, actor=pending.actor, correlation_id=pending.correlation_id
                )
            case Finish():
                pass
            case _:
                assert_never(step)

    async def _drain(self, id_: str, recipe_ids: tuple[str, ...], *, force: bool) -> None:
        """Nothing in use is cut off, unless somebody said so or the drain deadline passes."""
        running = self._effects.in_flight(recipe_ids)
        cut = 0
        if running:
            await self._record(SwitchDrainingStarted(switch_id=id_, in_flight=running))
            if force or not await self._effects.drained(recipe_ids):
                cut = self._effects.cut(recipe_ids)
        await self._record(SwitchDrained(switch_id=id_, cut=cut))

    # ---- outcomes -------------------------------------------------------------------------------

    async def _end_failed(self, pending: Pending, refusal: StudioError) -> None:
        if isinstance(self._state, UnderWay):
            await self._record_outcome(
                SwitchFailed(
                    switch_id=self._state.switch_id,
                    kind=self._state.kind,
                    target=self._state.target,
                    reason=refusal.message,
                    code=refusal.code,
                )
            )
        refuse(pending, refusal)

    async def _end_cancelled(self, pending: Pending) -> None:
        state = self._state
        if isinstance(state, UnderWay):
            if state.target and state.target not in self._effects.ready():
                await self._effects.stop(
                    state.target,
                    reason="its load was cancelled",
                    actor=pending.actor,
                    correlation_id=pending.correlation_id,
                )
            await self._record_outcome(
                SwitchCancelled(switch_id=state.switch_id, kind=state.kind, target=state.target)
            )
        refuse(pending, Refused(f"the {kind_of(pending.change)} was cancelled", code="cancelled"))

    # ---- parts ----------------------------------------------------------------------------------

    def _same(self, change: Change) -> Pending | None:
        waiting = [p for p in (self._current, *self._queue) if p is not None]
        return next((p for p in waiting if p.change == change and not p.done.done()), None)

    def _replace_older_wishes(self, new: Pending) -> None:
        """The latest manual switch wins; the gateway replaces nobody's wish.

        An eviction ends the load of what it evicts: whoever waits for that load hears it at once.
        """
        if isinstance(new.change, RequestEvict):
            self._end_loads_of(new.change.target)
            return
        if not (new.manual and isinstance(new.change, RequestSwitch)):
            return
        for old in [p for p in self._queue if p.manual and isinstance(p.change, RequestSwitch)]:
            self._drop(old, f"a newer switch to {new.change.target} took its place")
        current = self._current
        if current and isinstance(current.change, RequestSwitch):
            self._interrupt()

    def _end_loads_of(self, target: str | None) -> None:
        for old in [p for p in self._queue if _loads(p.change, target)]:
            self._drop(old, "it was evicted")
        if self._current and _loads(self._current.change, target):
            self._interrupt()

    def _only_drains(self) -> bool:
        state = self._state
        return isinstance(state, UnderWay) and bool(state.evict) and not state.drained

    def _interrupt(self) -> None:
        if self._work and not self._work.done() and not self._cancelled:
            self._cancelled = True
            self._work.cancel()

    def _drop(self, pending: Pending, why: str) -> None:
        self._queue.remove(pending)
        kind = kind_of(pending.change)
        refuse(pending, Refused(f"the {kind} was given up: {why}", code="cancelled"))
        self._changed()

    def _resumed(self, state: UnderWay) -> Pending:
        change: Change
        if state.kind == "evict" or state.target is None:
            change = RequestEvict(target=state.target, force=state.force)
        else:
            change = RequestSwitch(target=state.target, force=state.force)
        pending = self._new(change, "system", state.switch_id, manual=False)
        pending.switch_id = state.switch_id
        return pending

    def _new(self, change: Change, actor: str, correlation_id: str, manual: bool) -> Pending:
        return new_pending(
            change,
            actor=actor,
            correlation_id=correlation_id,
            asked_at=self._clock.now(),
            manual=manual,
        )

    async def _record_outcome(self, fact: Fact) -> None:
        """An outcome that can not be written is over here all the same; a restart resumes it."""
        try:
            await self._record(fact)
        except EventError as problem:
            log.error("how %s ended could not be recorded: %s", type(fact).__name__, problem)
            self._fold([fact])

    async def _record(self, fact: Fact) -> None:
        """Append and fold as one: an interruption waits until the log has answered."""
        current = self._current
        writing = asyncio.ensure_future(
            self._store.append(
                STREAM,
                [fact],
                actor=current.actor if current else "system",
                correlation_id=current.correlation_id if current else None,
            )
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            self._fold([fact])
            raise
        self._fold([fact])
        self._changed()

    def _fold(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._state = decider.evolve(self._state, fact)

    def _step_name(self, state: UnderWay) -> str:
        match next_step(state, self._effects.ready()):
            case Drain():
                return "draining"
            case Evict():
                return "evicting"
            case _:
                return "starting"

    def _changed(self) -> None:
        for callback in self._listeners:
            callback()


def _loads(change: Change, target: str | None) -> bool:
    return not isinstance(change, RequestEvict) and target in (None, change.target)


def _because(state: UnderWay, pending: Pending) -> str:
    if isinstance(pending.change, RequestEvict):
        return pending.change.reason
    return f"it makes room for {state.target}"


def _is_being_cancelled() -> bool:
    """The studio stops, which outranks the end of one change."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
