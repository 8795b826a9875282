"""Machines, their models and what happens to them, each from one number."""

from functools import partial
from random import Random

from core.placement.placement import HOST, Placement, Share
from core.switching.scheduling.scene import Rules
from tests.core.switching.world import World
from tests.core.switching.world_parts import Model


def gib(device: str, amount: int | None) -> Placement:
    """One device, so many GiB; None: unknown."""
    size = None if amount is None else amount * 2**30
    return Placement(shares=(Share(device=device, bytes=size),))


def random_world(seed: int) -> World:
    """A machine, its models and an hour of its life, from one number."""
    random = Random(seed)
    devices = random.choice((["gpu:0"], ["gpu:0", "gpu:1"], [HOST]))
    capacity = {d: 24 * 2**30 for d in devices if random.random() < 0.8}
    models = []
    for n in range(random.randint(2, 4)):
        size = random.choice((None, 6, 10, 20))
        where = devices if random.random() < 0.5 else [random.choice(devices)]
        options = tuple(gib(d, size) for d in where)
        if len(devices) > 1 and random.random() < 0.2:
            shares = tuple(s for d in devices for s in gib(d, size).shares)
            options = (Placement(shares=shares),)
        models.append(
            Model(
                name="ABCD"[n],
                options=options,
                pinned=random.random() < 0.1,
                priority=random.choice((0, 0, 0, 10)),
                fails=random.choice((0, 0, 0.3)),
            )
        )
    rules = Rules(
        max_resident=random.choice((0, 0, 1, 2)),
        min_residence_s=random.choice((0.0, 1.0, 5.0)),
        patience_s=random.choice((0.0, 10.0, 60.0)),
    )
    by_hand = random.random() < 0.5
    world = World(models, rules, capacity, seed, by_hand=by_hand)
    span = random.choice((10.0, 40.0, 120.0))
    for _ in range(random.randint(3, 25)):
        leaves = random.choice((None, None, None, random.uniform(0, 20)))
        model = random.choice(models).name
        world.at(random.uniform(0, span), partial(world.come, model, leaves))
    if random.random() < 0.02:  # some are asked for without pause
        for busy in random.sample(models, random.randint(1, len(models) - 1)):
            every = random.uniform(0.3, 4.0)
            for n in range(int(300 / every)):
                world.at(n * every, partial(world.come, busy.name))
    for _ in range(random.randint(1, 4) if by_hand else 0):
        kind = random.choice(("switch", "switch", "evict"))
        target = random.choice([*(m.name for m in models), *([None] if kind == "evict" else [])])
        world.at(random.uniform(0, span), partial(world.ask, kind, target))
    return world
