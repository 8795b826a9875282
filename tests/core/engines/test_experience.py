"""Whose loads a plan is made of."""

from typing import Any

from core.engines.experience import WARM_LAUNCH_S, plan_for
from core.engines.load_plan import TYPICAL, typical
from events.facts import EngineBecameReady, EngineProgressed, EngineStarted, EngineStartRequested
from events.projections.load_phases import WARM
from events.store import EventStore


def loaded(store: EventStore, recipe_id: str, kind: str) -> None:
    """One load that came to an answer."""
    who: dict[str, Any] = {"engine_id": f"e-{recipe_id}", "recipe_id": recipe_id}
    store.append_now(
        f"engine-e-{recipe_id}",
        [
            EngineStartRequested(
                **who,
                revision=1,
                kind=kind,
                runtime=None,
                model_name="m",
                port=1,
                argv=(),
                nonce="n",
                log_path="l",
            ),
            EngineStarted(**who, pid=1, process_group=1, process_started_at=1.0),
            EngineProgressed(**who, phase="loading weights", percent=0.0),
            EngineBecameReady(**who, seconds=1.0),
        ],
        actor="cli",
    )


def test_own_loads_come_first_then_those_of_the_kind_then_a_guess(store: EventStore) -> None:
    """And only experience gives seconds."""
    loaded(store, "a", "vllm")
    with store.reading() as connection:
        own = plan_for(connection, "a", "vllm")
        kind = plan_for(connection, "b", "vllm")
        guess = plan_for(connection, "b", "sglang")
    assert own == kind
    assert own.from_experience
    assert [name for name, _ in own.phases] == ["launching", "loading weights"]
    assert guess == typical("sglang")
    assert not guess.from_experience


def test_programs_of_ones_own_have_nothing_in_common(store: EventStore) -> None:
    """One `command` says nothing about another."""
    loaded(store, "a", "command")
    with store.reading() as connection:
        assert plan_for(connection, "a", "command").from_experience
        assert plan_for(connection, "b", "command") == typical("command")


def test_a_first_warm_start_is_a_cold_one_without_its_imports(store: EventStore) -> None:
    """Until there are warm loads to learn from."""
    with store.reading() as connection:
        warm = plan_for(connection, "a", "vllm", WARM)
    assert dict(warm.phases) == {**dict(TYPICAL["vllm"]), "launching": WARM_LAUNCH_S}
