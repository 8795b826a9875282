"""How long bringing a recipe would take now: by the way in which it would begin.

A start whose imports lie behind it, a cold one and a waking share a name and nothing else, so one
number for all would be wrong for each. Pure.

    asleep ─► its wakings      a spare waits for its runtime ─► its warm starts, else its cold ones
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from core.engines.warm.programs import Start
from core.recipes.recipe import Recipe
from core.runtimes.catalogue import KINDS_OF_ENGINE
from core.status import EngineState
from events.projections.load_phases import COLD, WAKE, WARM


def expected_s(
    recipe_id: str, state: EngineState, took: Mapping[tuple[str, str], float], *, warm: bool
) -> float | None:
    """In seconds, from earlier loads (`load_seconds`); None when none of that kind is known."""
    if state == "asleep":
        return took.get((recipe_id, WAKE))
    ways = (WARM, COLD) if warm else (COLD, WARM)
    return next((took[recipe_id, way] for way in ways if (recipe_id, way) in took), None)


def starts_warm(recipe: Recipe, ready: Iterable[Start]) -> bool:
    """Whether one of the spares that wait (`Spares.ready`) runs this recipe's engine."""
    return any(_runs(recipe, PurePath(start.python)) for start in ready)


def _runs(recipe: Recipe, python: PurePath) -> bool:
    """A runtime's interpreter lies in a folder that is named `KIND-VERSION`."""
    ids = python.parts
    if recipe.runtime is not None:
        return recipe.runtime in ids
    kinds = KINDS_OF_ENGINE.get(recipe.engine, ())
    return any(id_.rpartition("-")[0] in kinds for id_ in ids)
