"""Why something happened, in one line, with the thread that leads there."""

import pytest

from core.errors import NotFound
from core.past.why import answer, newest_change, thread
from events.envelope import Recorded
from events.facts import AppStarted, EngineStopRequested, RecipeArchived, SwitchRequested
from events.projections.causes import consequences_of, event_at, of_one_wish
from tests.core.past.conftest import Afternoon
from tests.core.past.story import LLAMA, QWEN, REQUEST
from tests.events.stories import asked


def said(afternoon: Afternoon, recorded: Recorded, *, is_request: bool = True) -> str:
    """The answer about one event, with the time left out."""
    with afternoon.store.reading() as connection:
        told = thread(connection, recorded)
    line = answer(
        told,
        key_name={"k1": "laptop"}.get,
        is_request=is_request and told.wish == REQUEST,
        now=afternoon.clock.at,
    )
    return " ".join(word for word in line.split() if not word[:2].isdigit() or word[2:3] != ":")


def test_the_thread_leads_from_the_eviction_to_the_request(afternoon: Afternoon) -> None:
    """Each event names the one before it, and the first one the request."""
    told = afternoon.told
    with afternoon.store.reading() as connection:
        found = thread(connection, told["stopped"])
    assert [one.position for one in found.events] == [
        told[name].position for name in ("asked", "drained", "stop", "stopped")
    ]
    assert found.wish == REQUEST
    assert found.decision == told["asked"]


@pytest.mark.parametrize("name", ["stop", "stopped", "left"])
def test_an_eviction_is_answered_with_the_request_that_caused_it(
    afternoon: Afternoon, name: str
) -> None:
    """Its id leads to the list of requests."""
    assert said(afternoon, afternoon.told[name]) == (
        f"qwen was evicted at because the request {REQUEST} of key laptop asked for llama."
    )


def test_without_its_record_the_key_is_still_named(afternoon: Afternoon) -> None:
    """The book of requests may have lost it."""
    assert said(afternoon, afternoon.told["stop"], is_request=False) == (
        "qwen was evicted at because key laptop asked to switch to llama."
    )


def test_why_the_other_one_came(afternoon: Afternoon) -> None:
    """The same request."""
    assert said(afternoon, afternoon.told["ready"]) == (
        f"llama was ready at because the request {REQUEST} of key laptop asked for llama."
    )


def newest(afternoon: Afternoon, recipe_id: str, until: int, within: int | None = None) -> Recorded:
    """The newest coming or going of a model."""
    with afternoon.store.reading() as connection:
        return newest_change(connection, recipe_id, until=until, within=within)


def test_a_person_is_named_by_where_they_asked(afternoon: Afternoon) -> None:
    """In the morning somebody clicked."""
    assert said(afternoon, newest(afternoon, "qwen", afternoon.noon)) == (
        "qwen was started at because somebody in the window asked to switch to qwen."
    )


def test_what_the_studio_did_by_itself_has_its_reason(afternoon: Afternoon) -> None:
    """Idle for too long."""
    head = afternoon.store.head
    assert said(afternoon, newest(afternoon, "llama", head - 1)) == (
        "llama was put to sleep at because it was idle for longer than its TTL."
    )
    assert said(afternoon, newest(afternoon, "llama", head)) == (
        "llama crashed at because it was killed."
    )


def test_what_came_before_a_decision_is_told(afternoon: Afternoon) -> None:
    """An archived recipe leaves memory."""
    archived = afternoon.tell(
        "recipe-llama", RecipeArchived(recipe_id="llama"), actor="window", wish="w4"
    )
    evict = SwitchRequested(switch_id="s4", kind="evict", target="llama", evict=("llama",))
    begun = afternoon.tell("switching", evict, actor="window", wish="w4", cause=archived)
    stop = EngineStopRequested(engine_id=LLAMA, recipe_id="llama", reason="its recipe was archived")
    stopped = afternoon.tell(f"engine-{LLAMA}", stop, actor="window", wish="w4", cause=begun)
    assert said(afternoon, stopped) == (
        "llama was evicted at because the recipe llama was archived."
    )


def test_any_event_can_be_asked_about(afternoon: Afternoon) -> None:
    """Also those that are about no model."""
    with afternoon.store.reading() as connection:
        setting = event_at(connection, 8)
    assert setting is not None
    assert said(afternoon, setting) == (
        "“The setting max_resident was changed from 2 to 1.” was recorded at"
        " because somebody in the window asked for it."
    )


def test_its_going_is_meant_before_its_coming(afternoon: Afternoon) -> None:
    """Within the minute that was asked about; without one, whatever came last."""
    told = afternoon.told
    back = afternoon.tell(
        f"engine-{QWEN}-2",
        asked(f"{QWEN}-2", "qwen"),
        actor="window",
        wish="w9",
    )
    head = afternoon.store.head
    assert newest(afternoon, "qwen", head) == back
    assert newest(afternoon, "qwen", head, within=told["asked"].position) == told["stop"]
    with pytest.raises(NotFound, match="nothing is recorded about mistral"):
        newest(afternoon, "mistral", head)


def test_consequences_are_everything_downstream(afternoon: Afternoon) -> None:
    """Of the request's wish: all of it; of the stop: its end; of an end: nothing."""
    told = afternoon.told
    with afternoon.store.reading() as connection:
        everything = consequences_of(connection, told["asked"])
        assert [one.position for one in everything] == list(
            range(told["drained"].position, told["done"].position + 1)
        )
        assert consequences_of(connection, told["stop"]) == [told["stopped"]]
        assert consequences_of(connection, told["stopped"]) == []
        assert of_one_wish(connection, REQUEST) == [told["asked"], *everything]


def test_a_cause_that_is_not_there_ends_the_thread(afternoon: Afternoon) -> None:
    """Nothing is invented, and nothing turns in circles."""
    ghost = afternoon.told["stop"]
    (orphan,) = afternoon.store.append_now(
        "app", [STARTED], actor="system", causation_id="not-an-event"
    )
    with afternoon.store.reading() as connection:
        assert thread(connection, orphan).events == (orphan,)
        assert thread(connection, ghost).events[0].causation_id is None


STARTED = AppStarted(version="2", pid=1)
