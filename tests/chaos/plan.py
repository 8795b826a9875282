"""The night's plan: a function of its seed and length alone, so that a failure can be replayed.

Faults and commands are dealt from a shuffled deck: each comes once before any comes twice, so that
a short run has met everything too.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from tests.chaos.actions import (
    Action,
    Ask,
    CancelChange,
    CancelRequest,
    EditRecipe,
    Evict,
    Fault,
    FillDisk,
    Freeze,
    KillApp,
    KillEngine,
    KillEngineChild,
    KillGateway,
    RestartApp,
    StealPorts,
    Switch,
)
from tests.chaos.models import MODELS, VARIANTS

ASKS_EVERY_S = 0.4  # on average; in bursts
COMMANDS_EVERY_S = 2.5
FAULTS_EVERY_S = 4.5

Dealt = Callable[[float, Random], Action]

COMMANDS: tuple[Dealt, ...] = (
    lambda at, r: Switch(at=at, target=r.choice(MODELS)),
    lambda at, r: Switch(at=at, target=r.choice(MODELS)),
    lambda at, r: Switch(at=at, target=r.choice(MODELS), force=True),
    lambda at, r: Evict(at=at, target=r.choice(MODELS)),
    lambda at, r: Evict(at=at, target=r.choice((None, *MODELS)), force=True),
    lambda at, r: CancelChange(at=at, target=r.choice((None, *MODELS))),
    lambda at, r: CancelRequest(at=at),
    lambda at, r: _edit(at, r),
    lambda at, r: _edit(at, r),
)
FAULTS: tuple[Dealt, ...] = (
    lambda at, r: KillEngine(at=at, pick=r.randrange(4)),
    lambda at, r: KillEngine(at=at, pick=r.randrange(4)),
    lambda at, r: StealPorts(at=at, seconds=r.uniform(2, 6)),
    lambda at, r: Freeze(at=at, pick=r.randrange(4), seconds=r.uniform(1, 6)),
    lambda at, r: KillEngineChild(at=at, pick=r.randrange(4)),
    lambda at, r: KillGateway(at=at),
    lambda at, r: KillApp(at=at, down=r.uniform(0, 2)),
    lambda at, r: RestartApp(at=at, leave_engines=r.random() < 0.7),
    lambda at, r: FillDisk(at=at, seconds=r.uniform(2, 6)),
)


def plan(seed: int, seconds: float) -> list[Action]:
    """Everything that will be done, in order of time."""
    parts = (
        _asks(Random(f"{seed} asks"), seconds),
        _dealt(Random(f"{seed} commands"), COMMANDS, COMMANDS_EVERY_S, seconds),
        _dealt(Random(f"{seed} faults"), FAULTS, FAULTS_EVERY_S, seconds),
    )
    return sorted((action for part in parts for action in part), key=lambda action: action.at)


def faults_of(actions: Sequence[Action]) -> list[Fault]:
    """The faults among them."""
    return [action for action in actions if isinstance(action, Fault)]


def _asks(random: Random, seconds: float) -> Iterator[Action]:
    number, at = 0, 0.0
    while at < seconds:
        at += random.expovariate(1 / ASKS_EVERY_S)
        burst = random.randint(2, 8) if random.random() < 0.05 else 1
        model = random.choice(MODELS)
        for _ in range(burst):
            number += 1
            yield Ask(
                at=at,
                number=number,
                model=model,
                stream=random.random() < 0.7,
                tokens=random.choice((1, 5, 20, 60, 120)),
                leaves_after=random.uniform(0, 3) if random.random() < 0.15 else None,
            )


def _dealt(random: Random, deck: Sequence[Dealt], every: float, seconds: float) -> Iterator[Action]:
    at, hand = every / 2, list[Dealt]()
    while at < seconds:
        if not hand:
            hand = random.sample(deck, len(deck))
        yield hand.pop()(at, random)
        at += random.uniform(0.5, 1.5) * every


def _edit(at: float, random: Random) -> Action:
    model = random.choice(MODELS)
    return EditRecipe(at=at, model=model, variant=random.choice(VARIANTS[model]))
