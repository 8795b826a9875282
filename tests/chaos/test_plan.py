"""The plan is its seed, and a short night meets everything that a long one does."""

from random import Random

import msgspec

from tests.chaos import models
from tests.chaos.actions import Anything, Ask, Fault
from tests.chaos.plan import FAULTS, faults_of, plan
from tests.chaos.registry import lives


def test_the_same_seed_is_the_same_night() -> None:
    """And another seed is another one."""
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)


def test_a_minute_meets_every_kind_of_fault() -> None:
    """They are dealt from a deck: each once before any twice."""
    for seed in range(20):
        met = {type(fault) for fault in faults_of(plan(seed, 60))}
        assert met == {type(deal(0.0, Random(0))) for deal in FAULTS}


def test_every_action_survives_being_written_down() -> None:
    """A trace can be read back."""
    actions = plan(3, 120)
    written = msgspec.json.encode(actions)
    assert msgspec.json.decode(written, type=list[Anything]) == actions


def test_requests_name_every_model_and_have_numbers_of_their_own() -> None:
    """Numbers tie a client to its line."""
    asks = [action for action in plan(1, 60) if isinstance(action, Ask)]
    assert {ask.model for ask in asks} == set(models.MODELS)
    assert len({ask.number for ask in asks}) == len(asks)
    assert not any(isinstance(ask, Fault) for ask in asks)


def test_the_registry_tells_lives_also_when_a_pid_is_used_again() -> None:
    """The newest life of a pid is meant."""
    found = lives(["start a 7 1.0", "ready a 7 2.0", "exit a 7 3.0", "start b 7 4.0", "stop b 7 5"])
    assert [(one.model, one.ready, one.ended) for one in found] == [
        ("a", 2.0, 3.0),
        ("b", None, None),
    ]
