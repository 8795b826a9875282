"""One change being carried out, step by step, each step recorded before the next."""

import asyncio
import logging
from typing import assert_never

from core.clock import Clock
from core.errors import StudioError
from core.log_watch import unavailable
from core.placement.placement import Placement
from core.status import SwitchView
from core.switching.commands import RequestEvict, kind_of
from core.switching.decider import BeginChange, UnderWay
from core.switching.effects import Effects
from core.switching.ledger import Ledger
from core.switching.pending import Pending, answer, refuse
from core.switching.process_manager import Drain, Evict, Finish, Start, Step, next_step
from core.switching.scheduling.scene import Begin, Job
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

log = logging.getLogger(__name__)


class Work:
    """One change, from `Begin` to its outcome."""

    def __init__(
        self,
        pending: Pending,
        *,
        evict: tuple[str, ...],
        placement: Placement | None,
        ledger: Ledger,
        effects: Effects,
        clock: Clock,
    ) -> None:
        self.pending = pending
        self.evict = evict
        self.placement = placement
        self.interrupted: str | None = None  # why it was given up
        self.left: list[str] = []  # who has left memory for it
        self._ledger = ledger
        self._effects = effects
        self._clock = clock
        self._since = clock.now()
        self._started = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of(
        cls, pending: Pending, begin: Begin, *, ledger: Ledger, effects: Effects, clock: Clock
    ) -> "Work":
        """The work that a plan begins."""
        return cls(
            pending,
            evict=begin.evict,
            placement=begin.placement,
            ledger=ledger,
            effects=effects,
            clock=clock,
        )

    # ---- from outside ---------------------------------------------------------------------------

    def interrupt(self, why: str) -> None:
        """Give it up; what has been done is tidied up."""
        if self.interrupted is not None or (self._task is not None and self._task.done()):
            return
        self.interrupted = why
        if self._task is not None:
            self._task.cancel()

    def as_job(self) -> Job:
        """What the scheduler sees of it."""
        pending, change = self.pending, self.pending.change
        return Job(
            job_id=pending.switch_id,
            kind=kind_of(change),
            target=change.target,
            evict=frozenset(self.evict) - set(self.left),
            placement=self.placement,
            manual=pending.manual,
            asked_at=pending.asked_at,
            draining=self._only_drains(),
            unwanted=not pending.manual and not pending.wanted,
            ending=self.interrupted is not None,
        )

    def view(self) -> SwitchView | None:
        """How it is shown; None before its request is recorded."""
        state = self._state
        if state is None:
            return None
        return SwitchView(
            switch_id=state.switch_id,
            kind=state.kind,
            target=state.target,
            step=_step_name(next_step(state, self._effects.ready())),
            since=self._since,
            actor=self.pending.actor,
            in_flight=self._effects.in_flight(state.evict),
            evict=state.evict,
        )

    # ---- carrying it out ------------------------------------------------------------------------

    async def run(self) -> None:
        """From the request to the outcome; its failure is the asker's.

        The steps run in a task of their own, so that giving it up is not mistaken for the end of
        the studio. Returns also when it was interrupted: see `interrupted`.
        """
        if self.interrupted is not None:  # before its first step
            await self._tidy_up()
            return
        self._task = asyncio.ensure_future(self._steps())
        try:
            await self._task
        except asyncio.CancelledError:
            if self.interrupted is None or _is_being_cancelled():
                self._task.cancel()
                raise
            await self._tidy_up()
        except StudioError as refusal:
            await self._fail(refusal)
        except EventError as problem:
            await self._fail(unavailable(f"the change could not be recorded: {problem}"))
        except Exception as error:
            log.exception("the change %s ended unexpectedly", self.pending.switch_id)
            await self._fail(StudioError(f"internal error: {error}"))

    async def _steps(self) -> None:
        began = self._clock.monotonic()
        if self._state is None:
            await self._begin()
        while not isinstance(step := next_step(self._the_state(), self._effects.ready()), Finish):
            await self._take(step)
        state = self._the_state()
        await self._ledger.record_outcome(
            SwitchCompleted(
                switch_id=state.switch_id,
                kind=state.kind,
                target=state.target,
                seconds=self._clock.monotonic() - began,
            ),
            self.pending,
        )
        answer(self.pending.done, None)

    async def _begin(self) -> None:
        """Written down before anything is touched."""
        devices = self.placement.devices if self.placement is not None else ()
        command = BeginChange(
            switch_id=self.pending.switch_id,
            change=self.pending.change,
            evict=self.evict,
            devices=devices,
        )
        for fact in await self._ledger.begin(command, self.pending):
            if isinstance(fact, SwitchRequested):
                answer(self.pending.begun, fact)

    async def _take(self, step: Step) -> None:
        pending = self.pending
        match step:
            case Drain(recipe_ids=recipe_ids, force=force):
                self._effects.withdraw(recipe_ids)
                await self._drain(recipe_ids, force=force)
            case Evict(recipe_ids=recipe_ids):
                self._effects.withdraw(recipe_ids)
                try:
                    async with asyncio.TaskGroup() as leaving:
                        for recipe_id in recipe_ids:
                            leaving.create_task(self._vacate(recipe_id))
                except ExceptionGroup as group:
                    raise group.exceptions[0] from None
            case Start(recipe_id=recipe_id):
                self._started = True
                await self._effects.start(
                    recipe_id,
                    self.placement,
                    actor=pending.actor,
                    correlation_id=pending.correlation_id,
                    causation_id=pending.caused_by,
                )
            case Finish():
                pass
            case _:
                assert_never(step)

    async def _drain(self, recipe_ids: tuple[str, ...], *, force: bool) -> None:
        """Nothing in use is cut off, unless somebody said so or the drain deadline passes."""
        switch_id = self.pending.switch_id
        running = self._effects.in_flight(recipe_ids)
        cut = 0
        if running:
            await self._ledger.record(
                SwitchDrainingStarted(switch_id=switch_id, in_flight=running), self.pending
            )
            if force or not await self._effects.drained(recipe_ids):
                cut = self._effects.cut(recipe_ids)
        await self._ledger.record(SwitchDrained(switch_id=switch_id, cut=cut), self.pending)

    async def _vacate(self, recipe_id: str) -> None:
        pending, change = self.pending, self.pending.change
        why, may_sleep = f"it makes room for {change.target}", True
        if isinstance(change, RequestEvict):
            why, may_sleep = change.reason, change.may_sleep
        how = await self._effects.vacate(
            recipe_id,
            reason=why,
            actor=pending.actor,
            correlation_id=pending.correlation_id,
            causation_id=pending.caused_by,
            newcomer=self.placement,
            may_sleep=may_sleep,
        )
        await self._ledger.record(
            SwitchEvictionFinished(switch_id=pending.switch_id, recipe_id=recipe_id, how=how),
            pending,
        )
        self.left.append(recipe_id)

    # ---- outcomes -------------------------------------------------------------------------------

    async def _fail(self, refusal: StudioError) -> None:
        state = self._state
        if state is not None:
            await self._ledger.record_outcome(
                SwitchFailed(
                    switch_id=state.switch_id,
                    kind=state.kind,
                    target=state.target,
                    reason=refusal.message,
                    code=refusal.code,
                ),
                self.pending,
            )
        refuse(self.pending, refusal)

    async def _tidy_up(self) -> None:
        """A load that was begun is ended; what only drained goes on as if nothing was asked."""
        state = self._state
        if state is None:
            return
        if self._started and state.target and state.target not in self._effects.ready():
            await self._effects.stop(
                state.target,
                reason="its load was cancelled",
                actor=self.pending.actor,
                correlation_id=self.pending.correlation_id,
                causation_id=self.pending.caused_by,
            )
        await self._ledger.record_outcome(
            SwitchCancelled(switch_id=state.switch_id, kind=state.kind, target=state.target),
            self.pending,
        )

    # ---- parts ----------------------------------------------------------------------------------

    @property
    def _state(self) -> UnderWay | None:
        return self._ledger.of(self.pending.switch_id)

    def _the_state(self) -> UnderWay:
        state = self._state
        assert state is not None, "a change without an outcome is under way"
        return state

    def _only_drains(self) -> bool:
        state = self._state
        return bool(self.evict) and (state is None or not state.drained)


def _step_name(step: Step) -> str:
    match step:
        case Drain():
            return "draining"
        case Evict():
            return "evicting"
        case _:
            return "starting"


def _is_being_cancelled() -> bool:
    """The studio stops, which outranks the end of one change."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
