"""What a launch of a recipe would be now: runtime, port, GPUs, command, and what it is told by.

Nothing is started here and nothing of what runs is known, but for the ports that are taken.
"""

import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from core.cluster.demand import demand_machines
from core.engines import command, preflight, sglang, transformers, vllm
from core.engines.experience import plan_for
from core.engines.fingerprint import fingerprint, model_files
from core.engines.launch_spec import LaunchSpec
from core.engines.ports import first_free, unguessed
from core.engines.run import Run
from core.engines.sketch import Sketch, masked, not_installed, sketch
from core.engines.sleep import levels
from core.errors import StudioError, Unavailable
from core.hardware import Name
from core.ids import new_id
from core.placement.devices import knows_uuids, resolve, visible
from core.recipes.problem import Problem
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import resolve_env
from core.runtimes.runtime import Runtime
from core.secrets import Secrets
from core.settings import Settings
from events.projections.load_phases import WARM
from events.store import EventStore

if TYPE_CHECKING:
    from core.runtimes.flags import FlagTable

KEY = "engine-key"

FlagsFor = Callable[[Runtime], Awaitable["FlagTable | None"]]


async def no_flags(_runtime: Runtime) -> "FlagTable | None":
    """Nobody knows the runtime's flags: they are not checked."""
    return None


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """A launch with everything settled."""

    saved: Recipe  # as it was asked for
    recipe: Recipe  # with its folders, secrets and GPUs filled in
    runtime: Runtime | None
    port: int
    spec: LaunchSpec
    devices: tuple[str, ...]  # by UUID

    @property
    def runtime_id(self) -> str | None:
        """None for a command."""
        return self.runtime.id if self.runtime is not None else None


class Launches:
    """Settles launches, and checks them before they cost anything."""

    def __init__(
        self,
        *,
        store: EventStore,
        settings: Settings,
        secrets: Secrets,
        runtime_for: Callable[[Recipe], Runtime | None],
        flags_for: FlagsFor,
        host_env: Mapping[str, str],
        port_free: Callable[[int], bool],
        gpu_names: Callable[[], Sequence[Name]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._secrets = secrets
        self._runtime_for = runtime_for
        self._flags_for = flags_for
        self._host_env = host_env
        self._port_free = port_free
        self._gpu_names = gpu_names

    def settle(
        self, saved: Recipe, *, devices: tuple[str, ...], taken: Collection[int] = ()
    ) -> Launch:
        """What a launch of it would be, now, and on which GPUs. Raises Unavailable and Invalid.

        `devices` stand in place of the recipe's; `taken` are the ports that engines hold.
        """
        recipe = _expanded(msgspec.structs.replace(saved, env=resolve_env(saved, self._secrets)))
        runtime = self._runtime_of(recipe)
        recipe, used = self._on_devices(recipe, runtime, devices)
        hidden = vllm.opens_routes(recipe, runtime.id if runtime is not None else None)
        first = unguessed() if hidden else self._settings.inference_port
        port = first_free(first, taken, free=self._port_free)
        spec = build(
            recipe,
            runtime=runtime,
            port=port,
            api_key=self._secrets.ensure(KEY),
            settings=self._settings,
            env=self._host_env,
        )
        return Launch(
            saved=saved, recipe=recipe, runtime=runtime, port=port, spec=spec, devices=used
        )

    def sketch(self, recipe: Recipe) -> Sketch:
        """What it would launch, to be looked at: also where its runtime or its GPUs are not here.

        No secret is read for it, and none stands in it.
        """
        recipe = _expanded(masked(recipe))
        missing = doubt = ""
        try:
            runtime = self._runtime_of(recipe)
        except Unavailable:
            missing = recipe.runtime or recipe.engine
            runtime = not_installed(recipe.engine, self._settings)
        try:
            recipe, _ = self._on_devices(recipe, None if missing else runtime, ())
        except StudioError as error:
            doubt = error.message
        return sketch(
            recipe,
            runtime,
            host=self._host_env,
            build=lambda told, where, port, key, env: build(
                told, runtime=where, port=port, api_key=key, settings=self._settings, env=env
            ),
            missing=missing,
            doubt=doubt,
        )

    def run_of(self, launch: Launch, revision: int) -> Run:
        """A new run of it, with an id of its own."""
        recipe = launch.recipe
        engine_id = new_id(recipe.id)
        log_path = self._settings.paths.engine_log(engine_id)
        with self._store.reading() as connection:
            plan = plan_for(connection, recipe.id, recipe.engine)
            warm_plan = plan_for(connection, recipe.id, recipe.engine, WARM)
        return Run(
            engine_id=engine_id,
            recipe_id=recipe.id,
            revision=revision,
            kind=recipe.engine,
            runtime=launch.runtime_id,
            port=launch.port,
            nonce=uuid4().hex,
            spec=launch.spec,
            devices=launch.devices,
            log_path=log_path,
            shown_log_path=log_path.relative_to(self._settings.home).as_posix(),
            load_timeout_s=recipe.load_timeout_s,
            stop_grace_s=recipe.stop_grace_s,
            model=recipe.model,
            fingerprint=_fingerprint(launch.saved, launch.runtime_id),
            sleep_levels=levels(recipe, launch.runtime_id),
            plan=plan,
            warm_plan=warm_plan,
        )

    async def check(self, launch: Launch, *, machines: bool = True) -> list[Problem]:
        """Raise what the start would fail with; return what is doubtful.

        `machines`: also whether a recipe on several finds them.
        """
        runtime = launch.runtime
        flags = await self._flags_for(runtime) if runtime is not None else None
        problems = preflight.check(
            launch.recipe, launch.spec, launch.port, flags, port_free=self._port_free
        )
        if machines:
            await demand_machines(launch.recipe, runtime, launch.spec)
        return problems

    def fingerprint(self, recipe: Recipe) -> str:
        """What tells this launch from any other; empty while its runtime is not installed."""
        try:
            runtime = self._runtime_of(recipe)
        except Unavailable:
            return ""
        return _fingerprint(recipe, runtime.id if runtime is not None else None)

    def _on_devices(
        self, recipe: Recipe, runtime: Runtime | None, chosen: tuple[str, ...]
    ) -> tuple[Recipe, tuple[str, ...]]:
        """The recipe with its GPUs as the engine understands them, and those by UUID."""
        wanted = chosen or recipe.devices
        if not wanted or recipe.spread_by == "ray":  # Ray hands them out
            return msgspec.structs.replace(recipe, devices=()), ()
        names = self._gpu_names()
        told = visible(wanted, names, by_uuid=knows_uuids(runtime))
        return msgspec.structs.replace(recipe, devices=told), resolve(wanted, names)

    def _runtime_of(self, recipe: Recipe) -> Runtime | None:
        runtime = self._runtime_for(recipe) if recipe.engine != "command" else None
        if runtime is None and recipe.engine != "command":
            wanted = recipe.runtime or recipe.engine
            raise Unavailable(
                f"{recipe.id} needs {wanted}, which is not installed",
                code="runtime-missing",
                next_action=f"Install it: vllm-studio runtimes install {wanted}",
            )
        return runtime


def build(
    recipe: Recipe,
    *,
    runtime: Runtime | None,
    port: int,
    api_key: str,
    settings: Settings,
    env: Mapping[str, str],
) -> LaunchSpec:
    """The launch of a recipe, by its engine."""
    if recipe.engine == "command":
        return command.build(
            recipe, runtime=None, port=port, api_key=api_key, paths=settings.paths, env=env
        )
    assert runtime is not None, "demanded before"
    of_engine = {"vllm": vllm.build, "sglang": sglang.build, "transformers": transformers.build}
    return of_engine[recipe.engine](
        recipe, runtime=runtime, port=port, api_key=api_key, paths=settings.paths, env=env
    )


def _expanded(recipe: Recipe) -> Recipe:
    """ "~" means the home folder, though no shell is there to say so.

    As in a shell it stays as it is where there is no such user; `Path.expanduser` would raise.
    """
    fields = {
        field: str(Path(os.path.expanduser(given)))
        for field in ("model", "tokenizer", "chat_template")
        if (given := getattr(recipe, field)) and given.startswith("~")
    }
    return msgspec.structs.replace(recipe, **fields) if fields else recipe


def _fingerprint(recipe: Recipe, runtime_id: str | None) -> str:
    """Of the recipe as it is saved: secrets by name."""
    return fingerprint(recipe, runtime_id, model_files(recipe.model))
