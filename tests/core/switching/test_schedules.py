"""A hundred thousand schedules: nobody waits for ever, nothing is loaded twice, nothing is lost.

Every seed is a machine, its models and what happens to them (random_worlds.py, world.py). What
must never happen raises `Broken` there: a dead-lock, a wait beyond the proven bound, two changes of
one model, an overbooked device, a start for nobody, a request let through to an engine that goes.
A seed that fails is a test of its own: `random_world(SEED).run(until=400)`.
"""

import os
from functools import partial

import pytest

from core.placement.placement import HOST
from core.switching.scheduling import order
from core.switching.scheduling.scene import Rules
from tests.core.switching.random_worlds import gib, random_world
from tests.core.switching.world import CHANGE_S, Broken, World
from tests.core.switching.world_parts import Model

SCHEDULES = int(os.environ.get("VLLM_STUDIO_SCHEDULES", "100000"))
CHUNK = 1000
ONE_DEVICE = (gib(HOST, None),)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_no_schedule_breaks_a_promise(first: int) -> None:
    """The search, in pieces that workers share between them."""
    broken = []
    for seed in range(first, min(first + CHUNK, SCHEDULES)):
        try:
            random_world(seed).run(until=400)
        except Broken as problem:
            broken.append(f"seed {seed}: {problem}")
    assert not broken, "\n".join(broken[:10])


def test_the_search_would_find_a_starved_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """With priority for ever, two busy urgent models starve a third; with patience they do not."""

    def busy() -> World:
        models = [
            Model(name="A", options=ONE_DEVICE, priority=10),
            Model(name="B", options=ONE_DEVICE, priority=10),
            Model(name="C", options=ONE_DEVICE),
        ]
        world = World(models, Rules(patience_s=10.0), {}, seed=1)
        for n in range(400):
            world.at(n * 1.0, partial(world.come, "AB"[n % 2]))
        world.at(1.5, partial(world.come, "C"))
        return world

    busy().run(until=600)
    monkeypatch.setattr(order, "_rank", lambda wish, *_: (0, -wish.priority, wish.asked_at, ""))
    with pytest.raises(Broken, match="bound"):
        busy().run(until=600)


def one_at_a_time(seed: int, *names: str, rules: Rules | None = None) -> World:
    """A machine that holds one of these models."""
    models = [Model(name=name, options=ONE_DEVICE) for name in names]
    return World(models, rules or Rules(min_residence_s=1.0), {}, seed)


def test_a_model_that_is_asked_for_while_it_drains_blocks_nobody() -> None:
    """Ollama #17408: an eviction's target, revived by a request in the gap, stopped everything."""
    for seed in range(1000):
        world = one_at_a_time(seed, "A", "B")
        world.come("A")
        world.at(9.0, partial(world.come, "A"))
        world.at(9.1, partial(world.come, "B"))
        for n in range(12):
            world.at(9.2 + world.random.uniform(0, 12), partial(world.come, "AB"[n % 3 == 0]))
        world.run(until=200)


@pytest.mark.parametrize("seed", range(20))
def test_a_model_asked_for_without_pause_starves_nobody(seed: int) -> None:
    """llama-swap #612: a busy model is never idle, so the other's turn never came."""
    world = one_at_a_time(seed, "A", "B")
    for n in range(1200):
        world.at(n * 0.25, partial(world.come, "A"))
    for n in range(5):
        world.at(20.0 + 50 * n, partial(world.come, "B"))
    world.run(until=500)
    assert world.longest <= order.wait_bound(1, world.rules, CHANGE_S)


def test_a_request_for_what_is_being_stopped_gets_a_new_start() -> None:
    """llama-swap #946: a swap to a model on its way out waited for an engine that never came."""
    for seed in range(200):
        world = one_at_a_time(seed, "A", "B", rules=Rules())
        world.come("A")
        world.at(20.0, partial(world.come, "B"))
        for n in range(20):
            world.at(20.0 + n * 0.4, partial(world.come, "A"))
        world.run(until=200)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("residence", [2.0, 10.0])
def test_two_models_in_turn_do_not_thrash(seed: int, residence: float) -> None:
    """C38: at ten requests a second in turn, at most one change for each residence."""
    world = one_at_a_time(seed, "A", "B", rules=Rules(min_residence_s=residence))
    for n in range(600):
        world.at(n * 0.1, partial(world.come, "AB"[n % 2]))
    world.run(until=600)
    assert world.swaps <= world.now / residence + 1
