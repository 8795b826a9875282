"""All engines of this machine: start by recipe, stop, see, and take over what an earlier run left.

One supervisor for each run; here is only which run a recipe has. All of it lives in one event
loop, and nothing is awaited between a look at the table and a change of it.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Self

import msgspec

from core.clock import Clock
from core.engines import health, reconciliation
from core.engines.launch_spec import LaunchSpec
from core.engines.launches import KEY, FlagsFor, Launch, Launches, no_flags
from core.engines.lifecycle import Asleep, Failure, Ready, Slept
from core.engines.ports import OTHER_PORTS, is_free, is_ours_to_choose
from core.engines.processes import Launcher
from core.engines.reconciliation import Adopt, LeaveAlone
from core.engines.run import Asker, Endpoint, Run
from core.engines.sketch import Sketch
from core.engines.sleeping import HttpSleeping, Measure, Sleeping
from core.engines.supervisor import Supervisor
from core.engines.tools import Look, Sleep, Tools
from core.errors import StudioError
from core.hardware import Name, gpu_names, process_memory
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.secrets import Secrets
from core.settings import Settings
from core.status import EngineView
from events.errors import EventError
from events.projections.engine_runs import EngineRun
from events.store import EventStore

__all__ = ["Endpoint", "Fleet", "Sleeper"]

log = logging.getLogger(__name__)

UNDER_WAY = ("starting", "loading", "stopping")


class Sleeper(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that sleeps."""

    recipe_id: str
    since: int  # µs since the epoch
    level: int
    host_bytes: int  # main memory that it holds, measured when it fell asleep


class Fleet:
    """The engines. Use as an async context manager; leaving it does not stop engines."""

    def __init__(
        self,
        *,
        store: EventStore,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        launcher: Launcher,
        runtime_for: Callable[[Recipe], Runtime | None],
        flags_for: FlagsFor = no_flags,
        host_env: Mapping[str, str] | None = None,
        look: Look = health.look,
        measure: Measure = process_memory.measure,
        sleeping: Sleeping | None = None,
        sleep: Sleep = asyncio.sleep,
        port_free: Callable[[int], bool] = is_free,
        gpu_names: Callable[[], Sequence[Name]] = gpu_names,
    ) -> None:
        self._store = store
        self._settings = settings
        self._secrets = secrets
        self._launches = Launches(
            store=store,
            settings=settings,
            secrets=secrets,
            runtime_for=runtime_for,
            flags_for=flags_for,
            host_env=os.environ if host_env is None else host_env,
            port_free=port_free,
            gpu_names=gpu_names,
        )
        self._callbacks: list[Callable[[], None]] = []
        self._runs: dict[str, Supervisor] = {}  # by recipe: the newest run, failed ones included
        self._left_alone: dict[str, Supervisor] = {}  # by engine: ours, and not used
        self._sleepless: set[str] = set()  # launches that slept badly: not tried again by this app
        self._lives: asyncio.TaskGroup
        self._living: set[asyncio.Task[None]] = set()
        self._tools = Tools(
            store=store,
            clock=clock,
            launcher=launcher,
            look=look,
            sleeping=sleeping or HttpSleeping(measure),
            sleep=sleep,
            mask=secrets.mask,
            changed=self._changed,
        )

    async def __aenter__(self) -> Self:
        self._lives = asyncio.TaskGroup()
        await self._lives.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in self._living:
            task.cancel()
        await self._lives.__aexit__(None, None, None)

    # wishes

    async def ensure_ready(
        self,
        recipe: Recipe,
        revision: int,
        *,
        actor: str,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        devices: tuple[str, ...] = (),
    ) -> Endpoint:
        """Return where the recipe answers, starting it when it does not run.

        1. It runs or loads: join; two callers share one start, whatever revision runs.
        2. It is being stopped: wait until it is gone, then as 4.
        3. It sleeps: wake it. When it does not wake in its right mind, or its recipe would launch
           something else by now, it is ended, and then as 4.
        4. It does not run: start it. When its port is taken before it listens there, it is begun
           again on another one, and everybody waits on.
        `devices`: the GPUs of a start, in place of the recipe's; what runs keeps those it has.
        A caller that leaves is forgotten; the start goes on. Raises EngineFailure with the
        diagnosis, Unavailable when its runtime is not installed or no port is free.
        """
        asker = Asker(actor=actor, correlation_id=correlation_id, causation_id=causation_id)
        while True:
            run = self._runs.get(recipe.id)
            if run is not None and isinstance(run.state, Asleep) and not self.is_current(recipe):
                run.ask_to_stop("its recipe was changed while it slept", asker)  # 3
            if run is not None and run.is_leaving and not run.is_over:
                await run.over()  # 2
                continue
            if run is None or run.is_over:
                run = self._begin(recipe, revision, asker, devices)  # 4
            endpoint = await run.ready(asker)  # 1, 3
            if endpoint is not None:
                return endpoint
            if self._runs.get(recipe.id) is run:  # nothing came after it: it slept
                self._sleepless.add(run.run.fingerprint)

    async def sleep(
        self,
        recipe_id: str,
        *,
        level: int,
        actor: str,
        reason: str = "another model needs its memory",
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> Slept | None:
        """Return when it sleeps and its memory is measured to be free.

        None: it could not. Either it still serves (`endpoints` has it), because it was never asked
        to sleep, or it is gone, because it did not do what it said. Who needs the memory calls
        `stop` then, which is right for both.
        The caller has drained it: a request that it gets now hangs until it wakes.
        """
        run = self._runs.get(recipe_id)
        if run is None or level not in self.can_sleep(recipe_id):
            return None
        asker = Asker(actor=actor, correlation_id=correlation_id, causation_id=causation_id)
        slept = await asyncio.shield(run.ask_to_sleep(level, reason, asker))
        if slept is None and run.slept_badly not in (None, "sleep-busy"):
            self._sleepless.add(run.run.fingerprint)
        if slept is None and run.is_leaving:
            await run.over()
        return slept

    async def rehearse(self, recipe: Recipe, devices: tuple[str, ...] = ()) -> None:
        """Raise what a start would fail with at once: a runtime, program, model or flag amiss.

        Costs nothing and starts nothing, so that a working model is not evicted for a hopeless one.
        """
        launch = self._launches.settle(recipe, devices=devices, taken=self._ports_in_use())
        runs = self.is_current(recipe) is not None  # its own ranks hold the meeting point then
        await self._launches.check(launch, machines=not runs)

    def launch_of(self, recipe: Recipe) -> LaunchSpec:
        """What a start of it would launch now. Raises what it would fail with at once."""
        return self._launches.settle(recipe, devices=(), taken=self._ports_in_use()).spec

    def sketch(self, recipe: Recipe) -> Sketch:
        """The same to be looked at: also what could not be started, and without secrets."""
        return self._launches.sketch(recipe)

    @property
    def is_quiet(self) -> bool:
        """Whether no engine is on its way up or down."""
        return all(view.state not in UNDER_WAY for view in self.views())

    async def stop(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        grace_s: float | None = None,
        left_alone: bool = False,
    ) -> None:
        """Return when no process of it is left; at once when none runs.

        Also aborts a load and ends a sleeper. `left_alone`: also what was left alone at boot, which
        only a person who names the recipe may ask for.
        """
        runs = [run] if (run := self._runs.get(recipe_id)) is not None else []
        if left_alone:
            runs += [r for r in self._left_alone.values() if r.run.recipe_id == recipe_id]
        living = [run for run in runs if not run.is_over]
        asker = Asker(actor=actor, correlation_id=correlation_id, causation_id=causation_id)
        for run in living:
            run.ask_to_stop(reason, asker, grace_s)
        for run in living:
            await run.over()

    async def stop_left_alone(
        self, recipe_id: str, *, reason: str, actor: str, correlation_id: str | None = None
    ) -> None:
        """End what was left alone at boot, and nothing else; a person who names it asks."""
        asker = Asker(actor=actor, correlation_id=correlation_id)
        runs = [r for r in self._left_alone.values() if r.run.recipe_id == recipe_id]
        for run in runs:
            run.ask_to_stop(reason, asker)
        for run in runs:
            await run.over()

    async def stop_all(self, *, reason: str, actor: str) -> None:
        """Stop every engine, all at once, also what was left alone; return when all are gone."""
        left = {run.run.recipe_id for run in self._left_alone.values()}
        async with asyncio.TaskGroup() as stops:
            for recipe_id in {*self._runs, *left}:
                stops.create_task(self.stop(recipe_id, reason=reason, actor=actor, left_alone=True))

    async def reconcile(self) -> list[Endpoint]:
        """At boot: adopt what still runs and is what its recipe wants; sweep what is left.

        What runs and is not what its recipe wants any more is left alone. All are looked at at
        once, each within `reconciliation.LOOK_S`: a busy engine is believed.
        """
        ours = {run.run.engine_id for run in self._runs.values()} | set(self._left_alone)
        seen = set(self._runs)
        async with asyncio.TaskGroup() as looks:
            for found in reconciliation.believed_alive(self._store):  # newest first
                if found.engine_id not in ours:
                    looks.create_task(self._reconcile(found, newest=found.recipe_id not in seen))
                    if found.state != "left-alone":
                        seen.add(found.recipe_id)
        return list(self.endpoints().values())

    # readings

    def views(self) -> tuple[EngineView, ...]:
        """Every engine that runs, and every recipe's failure until it is started again."""
        shown = (run.view() for run in (*self._left_alone.values(), *self._runs.values()))
        return tuple(view for view in shown if view.state != "stopped")

    def endpoints(self) -> dict[str, Endpoint]:
        """The ready engines by recipe id."""
        ready = {view.recipe_id for view in self.views() if view.state == "ready"}
        return {recipe_id: self._runs[recipe_id].run.endpoint for recipe_id in ready}

    def running(self) -> tuple[str, ...]:
        """The recipes that an engine of ours is there for: ready, loading, asleep, left alone."""
        return tuple(dict.fromkeys(v.recipe_id for v in self.views() if v.state != "failed"))

    def asleep(self) -> tuple[Sleeper, ...]:
        """The engines that sleep."""
        return tuple(
            Sleeper(
                recipe_id=recipe_id,
                since=run.since,
                level=run.state.slept.level,
                host_bytes=run.state.slept.host_bytes,
            )
            for recipe_id, run in self._runs.items()
            if isinstance(run.state, Asleep)
        )

    def can_sleep(self, recipe_id: str) -> tuple[int, ...]:
        """The levels at which it may be put to sleep now; none unless it is ready."""
        run = self._runs.get(recipe_id)
        if run is None or not isinstance(run.state, Ready) or run.is_leaving:
            return ()
        return () if run.run.fingerprint in self._sleepless else run.run.sleep_levels

    def is_current(self, recipe: Recipe) -> bool | None:
        """Whether what runs is what the recipe would launch now; None when nothing runs."""
        run = self._runs.get(recipe.id)
        if run is None or run.is_over:
            return None
        return run.run.fingerprint == self._launches.fingerprint(recipe)

    def fingerprint(self, recipe: Recipe) -> str:
        """What tells this launch from any other; empty while its runtime is not installed."""
        return self._launches.fingerprint(recipe)

    def launched_as(self, recipe: Recipe) -> str:
        """The fingerprint of its engine that runs, whatever the recipe says by now; or of a start.

        Empty while its runtime is not installed.
        """
        run = self._runs.get(recipe.id)
        if run is None or run.is_over or not run.run.fingerprint:
            return self._launches.fingerprint(recipe)
        return run.run.fingerprint

    def pids(self) -> frozenset[int]:
        """Every process of the engines that are ours to end."""
        leaders = [v.pid for v in self.views() if v.pid is not None and v.state != "left-alone"]
        return frozenset(pid for leader in leaders for pid in process_memory.group_pids(leader))

    def listen(self, callback: Callable[[], None]) -> None:
        """Have it called in the loop after every change of an engine's state."""
        self._callbacks.append(callback)

    # beginning

    def _begin(
        self,
        recipe: Recipe,
        revision: int,
        asker: Asker,
        devices: tuple[str, ...],
        lost: frozenset[int] = frozenset(),
    ) -> Supervisor:
        """Settle everything and start the life. Nothing is awaited here: see `ensure_ready`.

        `lost` are the ports that somebody else took from the runs before it.
        """
        launch = self._launches.settle(recipe, devices=devices, taken=self._ports_in_use() | lost)
        run = self._launches.run_of(launch, revision)

        def elsewhere() -> bool:
            log.warning("%s: port %d was taken; trying another", recipe.id, run.port)
            try:
                self._begin(recipe, revision, asker, devices, lost | {run.port})
            except StudioError as refusal:
                log.warning("%s: %s", recipe.id, refusal.message)
                return False
            return True

        may_move = len(lost) < OTHER_PORTS and is_ours_to_choose(recipe)
        supervisor = Supervisor(run, self._tools, asker, elsewhere if may_move else None)
        self._runs[recipe.id] = supervisor
        self._look_after(supervisor, supervisor.start(self._preflight(launch, run)))
        return supervisor

    def _ports_in_use(self) -> set[int]:
        runs = (*self._runs.values(), *self._left_alone.values())
        return {run.run.port for run in runs if not run.is_over}

    def _preflight(self, launch: Launch, run: Run) -> Callable[[], Coroutine[None, None, None]]:
        async def check() -> None:
            run.spec.cwd.mkdir(parents=True, exist_ok=True)
            run.log_path.parent.mkdir(parents=True, exist_ok=True)
            for problem in await self._launches.check(launch):
                log.warning("%s: %s", launch.recipe.id, problem.message)

        return check

    # looking after

    def _look_after(self, supervisor: Supervisor, life: Coroutine[None, None, None]) -> None:
        task = self._lives.create_task(self._guarded(supervisor, life))
        self._living.add(task)
        task.add_done_callback(self._living.discard)

    async def _guarded(self, supervisor: Supervisor, life: Coroutine[None, None, None]) -> None:
        """A fault in one life must not end the others, and must strand nobody."""
        try:
            await life
        except* EventError as problems:
            await supervisor.abandon(
                Failure(
                    reason=f"the log can not be written: {problems.exceptions[0]}",
                    code="log-unavailable",
                    next_action="Free disk space, then start it again.",
                )
            )
        except* Exception as faults:
            log.exception("the supervision of %s failed", supervisor.run.engine_id)
            reason = f"a fault in vLLM Studio: {faults.exceptions[0]!r}"
            await supervisor.abandon(Failure(reason=reason, code="internal-error"))

    async def _reconcile(self, found: EngineRun, *, newest: bool) -> None:
        run, why_changed = reconciliation.recovered(
            found, store=self._store, settings=self._settings, key=self._secrets.ensure(KEY)
        )
        verdict = await reconciliation.resolve(
            found, run, self._tools, newest=newest, why_changed=why_changed
        )
        if verdict is None:
            return
        supervisor = Supervisor(run, self._tools, Asker())
        match verdict:
            case Adopt(child=child, found=as_found):
                state = reconciliation.replayed(run, self._store)
                life = supervisor.adopt(child, found=as_found, state=state)
                self._runs[run.recipe_id] = supervisor
            case LeaveAlone(child=child, reason=reason):
                log.warning("%s is left alone: %s", run.engine_id, reason)
                life = supervisor.leave_alone(child, reason)
                self._left_alone[run.engine_id] = supervisor
        self._look_after(supervisor, life)
        await supervisor.born()

    def _changed(self) -> None:
        for callback in self._callbacks:
            try:
                callback()
            except Exception:
                log.exception("a listener of the fleet failed")
