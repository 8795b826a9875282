"""The studio as it stood, and what two moments differ in."""

import msgspec
import pytest

from core.errors import Invalid
from core.past.differences import Difference, differences
from core.past.state import State
from core.past.time_travel import TimeTravel
from events.facts import AppStarted
from events.store import EventStore
from tests.core.past.conftest import Afternoon
from tests.core.past.story import LLAMA, QWEN
from tests.events.conftest import StillClock, append_foreign


def test_everything_as_it_stood_at_noon(afternoon: Afternoon) -> None:
    """Recipes, engines, keys, settings, offers, and what was routed; nothing of later."""
    state = afternoon.past.state(afternoon.noon)
    assert [(saved.recipe_id, saved.revision) for saved in state.recipes] == [
        ("llama", 1),
        ("qwen", 1),
    ]
    assert [(run.recipe_id, run.state) for run in state.engines] == [("qwen", "ready")]
    assert (state.ready, state.ended, state.changes) == (["qwen"], [], [])
    assert state.settings == {"max_resident": 1}
    assert [(key.name, key.state, key.limits.requests_per_minute) for key in state.keys] == [
        ("laptop", "in-force", 60)
    ]
    assert [offer.id for offer in state.virtual_models] == ["fast"]
    assert state.services["studio"].version == "1.0.0"
    assert state.services["gateway"].routes == ("qwen",)
    assert state.load_s == {"qwen": 2.0}
    assert state.recorded_at == afternoon.at(afternoon.noon)


def test_a_change_is_seen_half_way(afternoon: Afternoon) -> None:
    """While qwen stops for llama."""
    state = afternoon.past.state(afternoon.told["stop"].position)
    assert [(one.target, one.step, one.actor) for one in state.changes] == [
        ("llama", "drained", "key:k1")
    ]
    assert [(run.recipe_id, run.state) for run in state.engines] == [("qwen", "stopping")]
    assert state.ready == []


def test_no_secret_is_in_it(afternoon: Afternoon) -> None:
    """Neither a key's hash nor where a provider's key is kept."""
    shown = msgspec.json.encode(afternoon.past.state(afternoon.store.head))
    assert b"d" * 64 not in shown
    assert b"provider-x" not in shown
    assert b"big" in shown


def test_before_everything_there_is_nothing(afternoon: Afternoon) -> None:
    """Position 0, or a time before the log began."""
    assert afternoon.past.position("1990-01-01", afternoon.clock.at) == 0
    state = afternoon.past.state(0)
    assert (state.recipes, state.engines, state.recorded_at) == ([], [], None)


def test_a_time_means_the_newest_position_at_or_before_it(afternoon: Afternoon) -> None:
    """To the microsecond; the future means the head."""
    past, now, at = afternoon.past, afternoon.clock.at, afternoon.at(afternoon.noon)
    assert past.position(str(at), now) == afternoon.noon
    assert past.position(str(at - 1), now) == afternoon.noon - 1
    assert past.position("2099-01-01", now) == afternoon.store.head
    with pytest.raises(Invalid, match=f"from 0 to {afternoon.store.head}"):
        past.position(str(afternoon.store.head + 1), now)


def test_what_is_not_known_is_counted(afternoon: Afternoon) -> None:
    """A log that a newer version wrote: its past can be seen, and what is missing is said."""
    append_foreign(afternoon.store, "robot", "robot-danced", b'{"steps":3}')
    append_foreign(afternoon.store, f"engine-{QWEN}", "engine-became-ready", b'{"a":1}', schema=9)
    state = afternoon.past.state(afternoon.store.head)
    assert [(kind.type, kind.schema, kind.events) for kind in state.unknown] == [
        ("engine-became-ready", 9, 1),
        ("robot-danced", 1, 1),
    ]


# Differences


def found(afternoon: Afternoon, first: int, last: int) -> dict[tuple[str, str], Difference]:
    """By what and which."""
    before, after = afternoon.past.state(first), afternoon.past.state(last)
    with afternoon.store.reading() as connection:
        listed = differences(connection, before, after)
    return {(one.what, one.id): one for one in listed}


def changes(difference: Difference) -> dict[str, tuple[object, object]]:
    """Field → before and after."""
    return {one.field: (one.before, one.after) for one in difference.fields}


def test_the_evening_field_by_field(afternoon: Afternoon) -> None:
    """Old and new values, and the facts that did it."""
    listed = found(afternoon, afternoon.after, afternoon.store.head)
    assert set(listed) == {
        ("recipe", "qwen"),
        ("setting", "max_resident"),
        ("key", "k1"),
        ("engine", LLAMA),
    }
    recipe = listed["recipe", "qwen"]
    assert recipe.change == "changed"
    assert changes(recipe) == {"args.max_model_len": (8192, 9000), "revision": (1, 2)}
    assert [(fact.type, fact.actor) for fact in recipe.facts] == [("recipe-revised", "window")]
    setting = listed["setting", "max_resident"]
    assert changes(setting) == {"value": (1, 3)}
    assert [fact.sentence for fact in setting.facts] == [
        "The setting max_resident was changed from 1 to 3."
    ]
    assert changes(listed["key", "k1"]) == {"limits.requests_per_minute": (60, 5)}
    engine = listed["engine", LLAMA]
    assert (engine.change, changes(engine)["state"]) == ("removed", ("ready", None))
    assert engine.facts[0].type == "engine-crashed"
    assert [fact.position for fact in engine.facts] == sorted(
        (fact.position for fact in engine.facts), reverse=True
    )


def test_from_the_beginning_everything_was_added(afternoon: Afternoon) -> None:
    """And the same moment twice differs in nothing."""
    listed = found(afternoon, 0, afternoon.noon)
    assert {one.change for one in listed.values()} == {"added"}
    assert ("service", "gateway") in listed
    assert changes(listed["virtual-model", "fast"])["members"] == (None, ["qwen", "llama"])
    assert found(afternoon, afternoon.noon, afternoon.noon) == {}


def test_reading_only_a_stopped_studios_files(afternoon: Afternoon) -> None:
    """The same state, and nothing is written."""
    whole: State = afternoon.past.state(afternoon.noon)
    home = afternoon.store.path.parent
    before = sorted(home.iterdir())
    reader = EventStore.open(afternoon.store.path, read_only=True)
    try:
        assert TimeTravel(reader, home, read_only=True).state(afternoon.noon) == whole
    finally:
        reader.close()
    assert sorted(home.iterdir()) == before


def test_where_the_clock_was_set_back_the_later_moment_is_meant(afternoon: Afternoon) -> None:
    """Positions are the order of what happened."""
    clock: StillClock = afternoon.clock
    then = clock.at
    clock.at -= 5_000_000
    morning_again = afternoon.tell("app", STARTED)
    assert afternoon.past.position(str(then), clock.at) == morning_again.position
    assert afternoon.past.position(str(clock.at - 1), clock.at) < morning_again.position - 1


STARTED = AppStarted(version="2", pid=1)
