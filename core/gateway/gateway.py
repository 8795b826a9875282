"""Supervises LiteLLM: installs it when it is missing, starts it, keeps it routed, starts it again.

    run:  installing ─► starting ─► ready ─ ended by itself ─► down ─ back-off ─► starting
                │           │         │                          │
                └─ failed ──┴─────────┴────── stop ─► stopped    └─ too often in a row: a person

`apply` says what is to be routed; the newest wish is put to LiteLLM at once when it is ready, and
again after every restart before anybody is told that it is ready. So `ready` means: it answers,
and it knows every engine.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.clock import Clock
from core.engines.ports import first_free, is_free
from core.engines.processes import Child, Launcher
from core.errors import StudioError, Unavailable
from core.gateway import litellm_config, litellm_process
from core.gateway.backoff import Backoff
from core.gateway.body import Filter
from core.gateway.direct import direct_to
from core.gateway.litellm_config import Endpoint, Remote
from core.gateway.litellm_door import Door, WhoAmI
from core.gateway.litellm_run import STOP_GRACE_S, Run
from core.gateway.pulse import Pulse
from core.gateway.routes import Route
from core.gateway.usage_ledger import UsageReport
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.secrets import Secrets
from core.settings import Settings
from core.status import GatewayView
from events.errors import EventError
from events.facts.base import Fact
from events.facts.gateway import (
    GatewayBecameReady,
    GatewayConfigApplied,
    GatewayCrashed,
    GatewayStopped,
)

if TYPE_CHECKING:
    from events.store import EventStore

log = logging.getLogger(__name__)

State = Literal["installing", "starting", "ready", "down", "stopped"]

STREAM = "gateway"
ANY_PORT = 4000  # where looking begins when the setting leaves the port to us
INSTALL_AGAIN_S = 60.0


class Runtimes(Protocol):
    """What is needed of `core.runtimes.runtimes.Runtimes`."""

    def newest(self, kind: str) -> Runtime | None:
        """The installed runtime of a kind with the highest version."""
        ...

    async def install(
        self,
        kind: str,
        version: str | None = None,
        *,
        actor: str,
        correlation_id: str | None = None,
    ) -> Runtime:
        """Install it, or join an installation under way."""
        ...


class Gateway:
    """Owns the one LiteLLM. `run` is its task; everything else may be asked at any time."""

    def __init__(
        self,
        *,
        store: "EventStore",
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        launcher: Launcher,
        runtimes: Runtimes,
        usage: Callable[[UsageReport], None] = lambda report: None,
    ) -> None:
        """`usage` is told what LiteLLM counted for each call."""
        self._store = store
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._launcher = launcher
        self._runtimes = runtimes
        self._usage = usage
        self.pulse = Pulse()  # of the answers that come through LiteLLM
        self._port = settings.litellm_port or ANY_PORT
        self._state: State = "stopped"
        self._error: str | None = None
        self._restarts = 0
        self._child: Child | None = None
        self._adopted = False  # the child was there before us, and was not yet taken over
        self._wanted: Mapping[str, Any] = litellm_config.routing([])
        self._applied: Mapping[str, Any] | None = None
        self._applying = asyncio.Lock()
        self._changed = asyncio.Event()
        self._nudged = asyncio.Event()
        self._stopping = False
        self._turning_away = False
        self._given_up = False
        self._backoff = Backoff(settings.gateway_restart_limit)
        self._listeners: list[Callable[[], None]] = []
        self._keys: litellm_process.Keys | None = None

    # ---- asked by others ------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where LiteLLM listens; settled by `adopt_or_sweep`, or when `run` begins."""
        return self._port

    def view(self) -> GatewayView:
        """How it is."""
        return GatewayView(
            state=self._state,
            port=self._port,
            pid=self._child.identity.pid if self._child else None,
            restarts=self._restarts,
            error=self._error,
        )

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop after every change of `view`."""
        self._listeners.append(callback)

    def route_for(self, name: str, recipe: Recipe, endpoint: Endpoint) -> Route:
        """How requests that name `name` get to this engine."""
        key = self._known_keys().internal.encode()
        elsewhere = self._settings.inference_api_base  # only LiteLLM knows the way there
        return Route(
            name=name,
            recipe_id=recipe.id,
            engine_id=endpoint.engine_id,
            host=litellm_config.HOST,
            port=self._port,
            upstream_model=recipe.upstream_name(name),
            engine_model=litellm_config.engine_model(name, recipe, endpoint),
            headers=((b"authorization", b"Bearer " + key),),
            filter=Filter.of(recipe.strip_params, recipe.set_params),
            concurrency=recipe.concurrency,
            price=recipe.price,
            lane=recipe.lane,
            direct=None if elsewhere else direct_to(name, recipe, endpoint),
        )

    def up(self) -> bool:
        """Whether it takes requests now."""
        return self._state == "ready"

    async def ready(self, timeout_s: float) -> None:
        """Return when requests can be sent. Raises Unavailable: not in time, or not at all."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._state != "ready":
                    self._refuse_when_hopeless()
                    await self._changed.wait()
        except TimeoutError:
            raise Unavailable(
                f"the gateway was not ready within {timeout_s:.0f} s (it is {self._state})",
                code="gateway_not_ready",
                retry_after=10.0,
            ) from None

    def remote_route(self, model: Remote) -> Route:
        """How requests that name this provider's model get there."""
        key = self._known_keys().internal.encode()
        return Route(
            name=model.name,
            recipe_id=model.recipe_id,
            engine_id=f"remote:{model.provider_id}",
            host=litellm_config.HOST,
            port=self._port,
            upstream_model=model.name,
            headers=((b"authorization", b"Bearer " + key),),
            price=model.price,
            lane="gateway",
            remote=True,
        )

    async def apply(
        self, engines: Iterable[tuple[Recipe, Endpoint]], remote: Iterable[Remote] = ()
    ) -> None:
        """Route to these engines and no others; in force on return when LiteLLM is ready.

        `remote`: the models elsewhere; their providers' API keys are looked up here.

        While it is not, the wish is kept and put to it before it becomes ready.
        Raises StudioError when a ready LiteLLM does not take it.
        """
        self._wanted = litellm_config.routing(
            engines,
            api_base=self._settings.inference_api_base,
            remote=[(model, self._api_key(model)) for model in remote],
        )
        if self._state == "ready":
            await self._put_routing()

    def turn_away(self) -> None:
        """The studio stops: whoever waits for LiteLLM hears it now. What runs is not touched."""
        self._turning_away = True
        self._tell()

    def try_again(self) -> None:
        """A person wants a LiteLLM that was given up started once more."""
        self._backoff.reset()
        self._nudged.set()

    # ---- its life -------------------------------------------------------------------------------

    async def adopt_or_sweep(self) -> None:
        """At boot: take over the LiteLLM of a killed app, or stop it. Provably ours only."""
        left = litellm_process.last_left_running(self._store.read_stream(STREAM))
        if left is not None:
            child = self._launcher.adopt(litellm_process.identity_of(left))
            if child is not None and await self._is_what_we_would_start(child, left.port):
                self._port, self._child, self._adopted = left.port, child, True
                return
            if child is not None:
                await child.stop(STOP_GRACE_S)
            await self._launcher.sweep(left.nonce, left.process_group)
            await self._record(GatewayStopped(exit_code=None))
        unrecorded = litellm_process.nonce_of_last_launch(self._settings.paths)
        if unrecorded is not None:
            await self._launcher.sweep(unrecorded)

    async def run(self) -> None:
        """Keep a LiteLLM running until `stop`. Cancelled, it leaves LiteLLM as it is."""
        if not self._adopted:
            self._port = first_free(self._settings.litellm_port or ANY_PORT, taken=())
        while not self._stopping:
            runtime = await self._runtime()
            if runtime is None or self._stopping:
                continue
            began = self._clock.monotonic()
            crash = await self._one_run(runtime)
            if not self._stopping:
                await self._before_next(crash, self._clock.monotonic() - began)

    async def stop(self) -> None:
        """Stop LiteLLM and everything it forked; verified gone on return. Idempotent."""
        self._stopping = True
        self._nudged.set()
        child, self._child, self._adopted = self._child, None, False
        self._become("stopped")
        if child is not None:
            await child.stop(STOP_GRACE_S)
            await self._record(GatewayStopped(exit_code=await child.wait()))

    async def _runtime(self) -> Runtime | None:
        """The newest LiteLLM, installed first when there is none. None: it failed; try again."""
        runtime = self._runtimes.newest("litellm")
        if runtime is not None:
            return runtime
        self._become("installing")
        try:
            return await self._runtimes.install("litellm", actor="system")
        except StudioError as error:
            self._become("down", f"LiteLLM could not be installed: {error.message}")
            await self._pause(INSTALL_AGAIN_S)
            return None

    async def _one_run(self, runtime: Runtime) -> GatewayCrashed:
        """Start or take over, make ready, watch; returns when it has ended, with the reason."""
        self._become("starting")
        began = self._clock.monotonic()
        try:
            child = await self._started(runtime)
        except (StudioError, OSError) as error:  # OSError: its files could not be written
            return GatewayCrashed(reason=str(error))
        run = Run(child, port=self._port, door=self._door, last_words=self._last_words)
        try:
            why = await run.answering() or await self._routed()
            if not why:
                await self._record(GatewayBecameReady(seconds=self._clock.monotonic() - began))
                while not why and self._wanted != self._applied:  # wished for in the meantime
                    why = await self._routed()
            if not why:
                self._become("ready")  # no await since the comparison: it knows every engine
                why = await run.over(self._usage, self.pulse)
            self._applied = None
            if not self._stopping:
                self._become("down", why)
            return GatewayCrashed(reason=why, exit_code=await run.swept())
        finally:
            run.close()

    async def _started(self, runtime: Runtime) -> Child:
        """The LiteLLM that was left running, or a new one. Raises StudioError."""
        if self._child is not None and self._adopted:
            self._adopted = False
            return self._child
        if not is_free(self._port):
            raise Unavailable(f"port {self._port} is taken by another program", code="port-taken")
        self._child = child = await litellm_process.launch(
            self._launcher,
            runtime,
            self._settings.paths,
            port=self._port,
            keys=self._known_keys(),
            database_url=self._settings.litellms_database_url,
        )
        self._tell()
        await self._record(litellm_process.started_fact(child, self._port))
        return child

    async def _routed(self) -> str:
        """Give it the routing before anybody uses it; the reason when it does not take it."""
        try:
            await self._put_routing()
        except StudioError as error:
            return error.message
        return ""

    async def _before_next(self, crash: GatewayCrashed, ran_s: float) -> None:
        """Tell, and wait: a little longer each time, or for a person."""
        self._child = None
        pause = self._backoff.after(ran_s)
        await self._record(
            GatewayCrashed(
                reason=crash.reason, exit_code=crash.exit_code, retry_in=pause if pause else 0.0
            )
        )
        self._given_up = pause is None
        self._become("down", crash.reason)
        await self._pause(pause)
        self._given_up = False
        self._restarts += 1

    # ---- parts ----------------------------------------------------------------------------------

    async def _put_routing(self) -> None:
        """The newest wish; of several that wait, the last is put once."""
        async with self._applying:
            wanted = self._wanted
            if wanted == self._applied:
                return
            await self._door.put_routing(self._port, wanted)
            self._applied = wanted
            models = tuple(sorted(one["model_name"] for one in wanted["model_list"]))
            await self._record(GatewayConfigApplied(models=models))

    async def _is_what_we_would_start(self, child: Child, port: int) -> bool:
        runtime = self._runtimes.newest("litellm")
        if runtime is None or not child.listens_on(port):
            return False
        return await self._door.whoami(port) == WhoAmI(
            nonce=child.identity.nonce,
            plugin=litellm_process.plugin_fingerprint(),
            litellm=runtime.version,
            database=self._settings.litellms_database_url is not None,
        )

    def _known_keys(self) -> litellm_process.Keys:
        """Made on the first run, the same ever after."""
        if self._keys is None:
            chosen = self._settings.litellm_master_key
            self._secrets.remember(chosen)
            self._keys = litellm_process.Keys(
                master=chosen or self._secrets.ensure("litellm-master-key"),
                internal=self._secrets.ensure("gateway-internal-key"),
            )
        return self._keys

    def _api_key(self, model: Remote) -> str | None:
        return self._secrets.get(model.key_kept_as) if model.key_kept_as else None

    @property
    def _door(self) -> Door:
        return Door(master_key=self._known_keys().master, clock=self._clock)

    def _last_words(self) -> str:
        return self._secrets.mask(litellm_process.last_words(self._settings.paths))

    def _refuse_when_hopeless(self) -> None:
        if self._stopping or self._turning_away:
            raise Unavailable("vLLM Studio is stopping", code="stopping")
        if self._given_up:
            raise Unavailable(
                f"the gateway failed too often and was given up: {self._error}",
                code="gateway_down",
                retry_after=60.0,
                next_action="See the gateway's log, then start vLLM Studio again.",
            )

    async def _record(self, fact: Fact) -> None:
        """None of these facts is an intent: a log that takes none stops nothing here."""
        try:
            await self._store.append(STREAM, [fact], actor="system")
        except EventError as problem:
            log.error("%s could not be recorded: %s", type(fact).__name__, problem)

    async def _pause(self, seconds: float | None) -> None:
        """Until nudged, at most so long."""
        self._nudged.clear()
        if self._stopping:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()

    def _become(self, state: State, error: str | None = None) -> None:
        self._state, self._error = state, error
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        for callback in tuple(self._listeners):
            callback()
