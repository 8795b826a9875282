"""Where models may run and what those that run hold: what the scheduler's picture is made of.

What a model will take is estimated or remembered (core/fit), where it may run follows from that
(core/placement), and what an engine holds is measured once it answers or sleeps.
"""

import asyncio
from collections.abc import Callable, Mapping

from core.engines.fleet import Fleet
from core.engines.lifecycle import Slept
from core.errors import Refused
from core.fit.estimate import Estimate, host, per_gpu
from core.fit.fitting import Fitting
from core.fit.freeing import free_of
from core.hardware import Hardware, read_hardware
from core.hardware.process_memory import Measured, group_pids, host_memory
from core.placement.capacity import capacity
from core.placement.choose import gpus_here, options
from core.placement.placement import HOST, Placement, Share
from core.recipes.book import Entry, RecipeBook
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.status import EngineView


class Places:
    """Loop-bound; readings of the machine are made in threads."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        book: RecipeBook,
        fitting: Fitting,
        runtime_for: Callable[[Recipe], Runtime | None],
        hardware: Callable[[], Hardware] = read_hardware,
    ) -> None:
        self._fleet = fleet
        self._book = book
        self._fitting = fitting
        self._runtime_for = runtime_for
        self._hardware = hardware
        self._held: dict[str, Placement] = {}  # by recipe: what its engine holds
        self._capacity: Mapping[str, int] = {}

    @property
    def capacity(self) -> Mapping[str, int]:
        """Bytes of each device that are ours to plan with, as of the last look."""
        return self._capacity

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """The ways in which it may run, best first, after a look at the machine.

        Raises Refused ("does-not-fit") for what can not start on this machine whatever else is
        evicted, unless `force` says to try.
        """
        entry = self._book.get(recipe_id)
        known, machine = await asyncio.gather(
            asyncio.to_thread(self._estimate, entry, force=force), self._look()
        )
        on_cpu = self._is_on_cpu(entry.recipe, known, machine)
        found = options(entry.recipe, machine.gpus, per_gpu(known), host(known), on_cpu)
        if not found:
            raise too_few(entry.recipe, len(machine.gpus))
        return found

    def of(self, view: EngineView) -> Placement:
        """What an engine holds. Before anybody knows, it claims everything its recipe names."""
        held = self._held.get(view.recipe_id)
        if held is not None:
            return held
        if view.devices:
            return Placement(
                shares=tuple(Share(device=d) for d in view.devices), devices=view.devices
            )
        entry = self._book.find(view.recipe_id)
        named = (
            [d if isinstance(d, str) else f"gpu:{d}" for d in entry.recipe.devices] if entry else []
        )
        return Placement(shares=tuple(Share(device=name) for name in named or [HOST]))

    def takes(self, recipe_id: str, placement: Placement) -> None:
        """It is about to start there."""
        self._held[recipe_id] = placement

    def measured(self, recipe_id: str, found: Measured) -> None:
        """What its engine really holds."""
        before = self._held.get(recipe_id, Placement(shares=()))
        gpus = dict(found.gpus)
        nameless = [s for s in before.shares if s.device != HOST and s.device not in gpus]
        if gpus or not nameless:
            gpus |= {s.device: s.bytes or 0 for s in nameless if s.bytes is not None}
            shares = tuple(
                Share(device=d, bytes=held) for d, held in {**gpus, HOST: found.host}.items()
            )
        else:  # the driver tells nothing: the GPUs that it was given stay its own
            shares = (*nameless, Share(device=HOST, bytes=found.host))
        self._held[recipe_id] = Placement(shares=shares, devices=before.devices)

    def slept(self, recipe_id: str, how: Slept) -> Placement:
        """What it still holds asleep."""
        before = self._held.get(recipe_id, Placement(shares=()))
        gpus = [s.device for s in before.shares if s.device != HOST]
        each = how.device_bytes // len(gpus) if gpus else 0
        shares = (
            *(Share(device=d, bytes=each) for d in gpus),
            Share(device=HOST, bytes=how.host_bytes),
        )
        self._held[recipe_id] = Placement(shares=shares, devices=before.devices)
        return self._held[recipe_id]

    def gone(self, recipe_id: str) -> None:
        """It has left memory."""
        self._held.pop(recipe_id, None)

    async def free(self) -> Mapping[str, int]:
        """What is free of every device at this moment."""
        return free_of(await asyncio.to_thread(self._hardware))

    def _estimate(self, entry: Entry, *, force: bool) -> Estimate:
        ask = self._fitting.estimate if force else self._fitting.demand
        return ask(
            entry.recipe, revision=entry.revision, fingerprint=self._fleet.fingerprint(entry.recipe)
        )

    async def _look(self) -> Hardware:
        leaders = [
            view.pid for view in self._fleet.views() if view.pid and view.state != "left-alone"
        ]
        machine, self._capacity = await asyncio.to_thread(self._look_now, leaders)
        return machine

    def _look_now(self, leaders: list[int]) -> tuple[Hardware, Mapping[str, int]]:
        machine = self._hardware()
        ours = frozenset(pid for leader in leaders for pid in group_pids(leader))
        held = host_memory(ours)
        return machine, capacity(machine.gpus, machine.memory, ours, ours_on_host=held)

    def _is_on_cpu(self, recipe: Recipe, known: Estimate, machine: Hardware) -> bool:
        runtime = self._runtime_for(recipe) if recipe.engine != "command" else None
        if runtime is not None and runtime.kind == "vllm-cpu":
            return True
        if known.source == "estimated" and not known.gpus:
            return True
        return not machine.gpus and not recipe.devices


def too_few(recipe: Recipe, have: int) -> Refused:
    """The refusal of a recipe that takes more like GPUs than there are."""
    return Refused(
        f"{recipe.id} takes {gpus_here(recipe)} GPUs of one kind, and this machine has {have}",
        code="too-few-gpus",
        next_action="lower tensor_parallel or pipeline_parallel, or name unlike GPUs in devices",
    )
