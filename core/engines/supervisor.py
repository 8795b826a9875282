"""One task for one run of an engine, and the only writer of its state.

    wish, health answer, exit  ──►  inbox  ──►  decide ──► record ──► evolve ──► react
                                    (one signal at a time)

Everything that can happen is a signal in the inbox; `lifecycle.py` says what it means. Callers do
not read the state and act on it: they await `ready()` and `over()` and are always answered.
Beside the inbox small tasks run: one waits for the exit, one looks whether the engine answers, one
puts it to sleep or wakes it, one carries out a stop. They only ever send signals.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from core.engines import failing, logs
from core.engines.diagnosis import TAIL_LINES, diagnose
from core.engines.health import Health
from core.engines.lifecycle import (
    OVER,
    RESTS,
    Answered,
    Asleep,
    Ended,
    Failed,
    Failure,
    FallingAsleep,
    FellAsleep,
    GaveUp,
    Gone,
    Launched,
    LaunchFailed,
    Loading,
    NotAsleep,
    NotAwake,
    Progressed,
    Ready,
    Signal,
    SleepAsked,
    Slept,
    State,
    StopAsked,
    Stopping,
    Unborn,
    WakeAsked,
    Waking,
    Woke,
    decide,
    evolve,
    went_wrong,
)
from core.engines.load_plan import typical
from core.engines.memory_kills import killed_for_memory, memory_kills
from core.engines.ports import TAKEN
from core.engines.processes import Child
from core.engines.progress import Progress
from core.engines.recording import Recorder
from core.engines.run import Asker, Endpoint, Run, view
from core.engines.sleep import wake_limit_s
from core.engines.sleeping import NotSlept
from core.engines.tools import Tools
from core.errors import StudioError
from core.status import EngineView
from events.facts import EngineAdopted, EngineLeftAlone, EngineStarted, EngineStartFailed
from events.facts.base import Fact

log = logging.getLogger(__name__)

LOOK_S = 0.05  # between two looks at a loading engine: a refused connection, while it loads
LOADING_GRACE_S = 2.0  # vLLM ignores SIGTERM while it loads (5 of 5 trials): waiting is for nothing
SLEEPS = (FallingAsleep, Asleep, Waking)

Preflight = Callable[[], Awaitable[None]]


class Supervisor:
    """Looks after one run from its first fact to its last."""

    def __init__(
        self, run: Run, tools: Tools, asker: Asker, elsewhere: Callable[[], bool] | None = None
    ) -> None:
        """`elsewhere` begins it on another port, and says whether it could."""
        self.run = run
        self.state: State = Unborn()
        self._tools = tools
        self._asker = asker
        self._since = tools.clock.now()
        self._progress = Progress(run.plan or typical(run.kind), began=tools.clock.monotonic())
        self._inbox: asyncio.Queue[tuple[Signal, Asker]] = asyncio.Queue()
        self._born = asyncio.Event()
        self._resting = asyncio.Event()  # nothing is under way: `ready()` can be answered, or act
        self._over = asyncio.Event()
        self._nap: asyncio.Future[Slept | None] | None = None
        self._slept_badly: str | None = None  # the code of a sleep or a waking that failed
        self._elsewhere = elsewhere
        self._replaceable = False  # it slept, or lost its port: who waits is served by a new run
        self._child: Child | None = None
        self._grace_s = run.stop_grace_s
        self._leaving = False
        self._exited = False  # the process is gone; why is being found out
        self._gave_up: Failure | None = None
        self._kills = memory_kills()  # the kernel's count before: a rise is its word on an exit
        self._ready_at = 0  # bytes of its log when it was ready: what stands before is no cause
        self._recorder = Recorder(run.stream, tools.store)
        self._helpers: asyncio.TaskGroup
        self._helping: list[asyncio.Task[None]] = []
        self._shown_argv = tuple(tools.mask(word) for word in run.spec.shown_argv)

    # what others ask

    async def ready(self, asker: Asker | None = None) -> Endpoint | None:
        """Wait until it answers, waking it when it sleeps.

        None: it is gone, for it slept and did not wake in its right mind, or because its port was
        taken and another run has begun; ask for it anew.
        Raises EngineFailure when it failed or was stopped first.
        """
        while True:
            await self._resting.wait()
            match self.state:
                case Ready():
                    return self.run.endpoint
                case Asleep():
                    self._resting.clear()
                    self._send(WakeAsked(), asker)
                case FallingAsleep() | Waking():
                    continue  # it was put to sleep or woken before we had our turn
                case _ if self._replaceable:
                    await self._over.wait()
                    return None
                case Failed(failure=failure):
                    raise failing.raised(self.run.recipe_id, failure)
                case _:
                    raise failing.stopped(self.run.recipe_id)

    async def born(self) -> None:
        """Wait until its first fact is recorded, or it has failed to be."""
        await self._born.wait()

    async def over(self) -> None:
        """Wait until the run has ended and no process of it is left."""
        await self._over.wait()

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    @property
    def is_leaving(self) -> bool:
        """Whether it is being stopped: a new start has to wait for `over()`."""
        return self._leaving or isinstance(self.state, Stopping)

    def ask_to_stop(self, reason: str, asker: Asker, grace_s: float | None = None) -> None:
        """Have it stopped; `over()` tells when that is done. Repeating changes nothing."""
        self._leaving = True
        self._grace_s = self.run.stop_grace_s if grace_s is None else grace_s
        self._send(StopAsked(reason=reason), asker)

    def ask_to_sleep(self, level: int, reason: str, asker: Asker) -> asyncio.Future[Slept | None]:
        """Have it put to sleep. None: it could not, and still serves or is being ended."""
        if self._nap is None or self._nap.done():
            self._nap = asyncio.get_running_loop().create_future()
        self._send(SleepAsked(level=level, reason=reason), asker)
        return self._nap

    @property
    def slept_badly(self) -> str | None:
        """The code of the last sleep or waking of this run that failed."""
        return self._slept_badly

    @property
    def since(self) -> int:
        """When it came into its state, in µs since the epoch."""
        return self._since

    def view(self) -> EngineView:
        """How it is shown now."""
        return view(
            self.run,
            self.state,
            since=self._since,
            estimate=self._progress.estimate(self._tools.clock.monotonic()),
            shown_argv=self._shown_argv,
        )

    # its life

    async def start(self, preflight: Preflight) -> None:
        """Live from the request on; returns when the run is over.

        Cancelling it ends the supervision, not the engine: that can be adopted later.
        """
        await self._live(self.run.requested(self._shown_argv), self._asker, preflight)

    async def adopt(
        self, child: Child, *, found: str = "ready", state: State | None = None
    ) -> None:
        """Live from an adoption on; returns when the run is over.

        `found` as in EngineAdopted; `state` is what its log says, so that a sleeper goes on asleep.
        """
        self._child = child
        self.state = state or Unborn()
        self._ready_at = logs.size(self.run.log_path) if found != "loading" else 0
        fact = EngineAdopted(
            engine_id=self.run.engine_id,
            recipe_id=self.run.recipe_id,
            pid=child.identity.pid,
            found=found,
        )
        await self._live(fact, Asker(), None)

    async def leave_alone(self, child: Child, reason: str) -> None:
        """Watch it without using it; returns when it ended by itself or was asked to."""
        self._child = child
        fact = EngineLeftAlone(
            engine_id=self.run.engine_id,
            recipe_id=self.run.recipe_id,
            pid=child.identity.pid,
            reason=reason,
        )
        await self._live(fact, Asker(), None)

    async def _live(self, birth: Fact, asker: Asker, preflight: Preflight | None) -> None:
        async with asyncio.TaskGroup() as self._helpers:
            await self._happened(birth, asker, must=preflight is not None)
            if preflight is not None:
                await self._launch(preflight)
            else:
                self._help(self._watch_exit())
            if preflight is None and isinstance(self.state, Loading):
                self._help(self._watch_loading(adopted=True))
            while not isinstance(self.state, OVER):
                await self._handle(*await self._inbox.get())
            for task in self._helping:
                task.cancel()
        self._recorder.leave()

    def _help(self, work: Coroutine[None, None, None]) -> None:
        self._helping.append(self._helpers.create_task(work))

    async def _handle(self, signal: Signal, asker: Asker) -> None:
        before = self.state
        facts = decide(signal, before, self.run.engine_id, self.run.recipe_id)
        if facts and isinstance(before, SLEEPS):
            self._replaceable |= went_wrong(signal)
        for fact in facts:
            if isinstance(signal, GaveUp):
                self._gave_up = signal.failure
            await self._happened(fact, asker)
        if facts:
            self._set_in_motion(signal, before)
        if not isinstance(self.state, FallingAsleep) and isinstance(
            signal, (SleepAsked, FellAsleep, NotAsleep, StopAsked, Ended)
        ):
            self._tell_whether_it_sleeps()

    def _set_in_motion(self, signal: Signal, before: State) -> None:
        match self.state:
            case Stopping():
                self._help(self._carry_out_stop(self._grace(signal, before)))
            case FallingAsleep(level=level):
                self._help(self._put_to_sleep(level))
            case Waking(slept=slept):
                self._help(self._wake(slept))
            case _:
                pass

    def _grace(self, signal: Signal, before: State) -> float:
        """How long it may take to go: who waits for a waking engine has waited long enough."""
        if isinstance(signal, NotAwake):
            return 0.0
        if isinstance(before, (Loading, *SLEEPS)):
            return min(self._grace_s, LOADING_GRACE_S)
        return self._grace_s

    def _tell_whether_it_sleeps(self) -> None:
        if self._nap is not None and not self._nap.done():
            self._nap.set_result(self.state.slept if isinstance(self.state, Asleep) else None)

    async def _happened(self, fact: Fact, asker: Asker, *, must: bool = False) -> None:
        """Record, evolve, tell. Only the first fact must be recorded before anything is done."""
        await self._recorder.record(fact, asker, must=must)
        before, self.state = self.state, evolve(self.state, fact)
        if type(before) is not type(self.state):
            self._since = self._tools.clock.now()
        if self._elsewhere is not None and self._lost_its_port(fact):
            self._replaceable = self._elsewhere()
        if isinstance(fact, EngineStarted):
            plan = self.run.warm_plan if getattr(fact, "warm", False) else self.run.plan
            self._progress.follow(plan or typical(self.run.kind), self._tools.clock.monotonic())
        given_up = isinstance(self.state, Stopping) and self._gave_up is not None
        if isinstance(self.state, (*RESTS, Stopping, *OVER)) and not given_up:
            self._resting.set()
        else:
            self._resting.clear()
        self._born.set()
        if isinstance(self.state, OVER):
            self._over.set()
        self._tools.changed()

    def _lost_its_port(self, fact: Fact) -> bool:
        """Who answers for a command's server may be a daemon of its own: that is told at once."""
        if self._leaving or not isinstance(fact, EngineStartFailed) or fact.code != TAKEN:
            return False
        return self._gave_up is None or self.run.kind != "command"

    # what it sets in motion

    async def _launch(self, preflight: Preflight) -> None:
        """Inline and not beside: a stop that comes meanwhile waits in the inbox, nothing races."""
        run = self.run
        try:
            await preflight()
            self._child = await self._tools.launcher.launch(
                run.spec.argv,
                env=run.spec.env,
                cwd=run.spec.cwd,
                log_path=run.log_path,
                nonce=run.nonce,
            )
        except StudioError as refusal:
            await self._handle(LaunchFailed(failure=failing.failure_of(refusal)), Asker())
            return
        who = self._child.identity
        launched = Launched(
            pid=who.pid,
            process_group=who.process_group,
            started_at=who.started_at,
            warm=self._child.warm,
        )
        self._help(self._watch_exit())
        await self._handle(launched, Asker())
        self._help(self._watch_loading())

    async def _watch_exit(self) -> None:
        """Any exit nobody asked for is told, with its cause, once its group is swept."""
        child = self._the_child()
        code = await child.wait()
        self._exited = True
        if isinstance(self.state, Stopping):
            return
        was_ready = isinstance(self.state, Ready)
        await child.stop(0)  # workers outlive their parent and keep the memory
        lines = await asyncio.to_thread(
            logs.tail, self.run.log_path, TAIL_LINES, after=self._ready_at
        )
        failure = diagnose(
            lines,
            code,
            was_ready=was_ready,
            oom_killed=killed_for_memory(self._kills, memory_kills()),
            mask=self._tools.mask,
        )
        self._send(Ended(failure=failure))

    async def _watch_loading(self, *, adopted: bool = False) -> None:
        """Tell progress and the first answer; give up without progress or on an impostor."""
        run, tools, child = self.run, self._tools, self._the_child()
        reader, progress = logs.Reader(run.log_path), self._progress
        began = tools.clock.monotonic()
        before = 0.0
        if adopted:  # what its log has said so far was told by who launched it
            progress.feed(reader.new_lines(), began)
            before = max(0.0, tools.clock.now() / 1e6 - child.identity.started_at)
        while isinstance(self.state, Loading) and not self._exited:
            health = await tools.look(run.spec, run.port, child.listens_on)
            now = tools.clock.monotonic()  # read after the look: who answers has told its steps
            for step in progress.feed(reader.new_lines(), now):
                whole = round(progress.estimate(now).percent, 1)
                self._send(Progressed(phase=step.phase, percent=step.percent, overall=whole))
            if health.ready:
                self._ready_at = reader.position
                self._send(Answered(seconds=before + now - began))
                return
            if health.verdict == "impostor":
                self._send(GaveUp(failure=failing.impostor(health)))
                return
            if now - (progress.moved_at or began) > run.load_timeout_s:
                self._send(GaveUp(failure=await self._stuck(health)))
                return
            await tools.sleep(LOOK_S)

    async def _stuck(self, health: Health) -> Failure:
        lines = await asyncio.to_thread(logs.tail, self.run.log_path, 12)
        shown = tuple(self._tools.mask(line.strip()) for line in lines)
        return failing.stuck(self.run.load_timeout_s, health.why, shown)

    async def _put_to_sleep(self, level: int) -> None:
        outcome = await self._tools.sleeping.fall_asleep(
            self.run.target(self._the_child().identity.process_group), level
        )
        if isinstance(outcome, NotSlept):
            self._slept_badly = outcome.failure.code
            self._send(NotAsleep(failure=outcome.failure, usable=outcome.usable))
        else:
            self._send(FellAsleep(slept=outcome))

    async def _wake(self, slept: Slept) -> None:
        plan, tools = self.run.plan, self._tools
        cold = plan.total if plan is not None and plan.from_experience else None
        began = tools.clock.monotonic()
        failure = await tools.sleeping.wake(
            self.run.target(self._the_child().identity.process_group), slept, wake_limit_s(cold)
        )
        if failure is not None:
            self._slept_badly = failure.code
            self._send(NotAwake(failure=failure))
            return
        self._ready_at = await asyncio.to_thread(logs.size, self.run.log_path)
        self._send(Woke(seconds=tools.clock.monotonic() - began))

    async def _carry_out_stop(self, grace_s: float) -> None:
        """Only when the whole group is gone is it said to be."""
        child = self._child
        if child is None:
            self._send(Gone(exit_code=None, seconds=0.0, forced=False, failure=self._gave_up))
            return
        ended = await child.stop(grace_s)
        while child.alive():
            log.error("%s does not die of SIGKILL; trying on", self.run.engine_id)
            await self._tools.sleep(1.0)
            await child.stop(0)
        self._send(
            Gone(
                exit_code=ended.exit_code,
                seconds=ended.seconds,
                forced=ended.forced,
                failure=self._gave_up,
            )
        )

    async def abandon(self, failure: Failure) -> None:
        """After a fault of ours: end the processes, answer everyone. Nobody waits for ever."""
        if self._child is not None:
            await self._child.stop(self._grace_s)
        self.state = Failed(failure=failure)
        for event in (self._born, self._resting, self._over):
            event.set()
        self._tell_whether_it_sleeps()
        self._tools.changed()

    def _send(self, signal: Signal, asker: Asker | None = None) -> None:
        self._inbox.put_nowait((signal, asker or Asker()))

    def _the_child(self) -> Child:
        assert self._child is not None, "only asked of a launched or adopted run"
        return self._child
