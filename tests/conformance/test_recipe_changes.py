"""A changed recipe and the engine that runs: nothing in use is cut off because a form was saved."""

from typing import Any

from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer, words


def revise(studio: StudioServer, recipe: dict[str, Any]) -> None:
    """Save it, as the owner."""
    answer = studio.http.put(f"/api/recipes/{recipe['id']}", json=recipe, headers=studio.owner())
    assert answer.is_success, answer.text


def is_changed(studio: StudioServer, recipe_id: str) -> bool:
    """What the status says of it."""
    (found,) = [r for r in studio.status()["recipes"] if r["id"] == recipe_id]
    return bool(found["changed"])


def test_what_does_not_touch_the_launch_leaves_the_engine_as_it_is(studio: StudioServer) -> None:
    """Notes, a name, an alias, a TTL: the same process serves on, under the new names too."""
    recipe = sim_recipe("keep-a", tokens=3)
    studio.add(recipe)
    pid = studio.load("keep-a")["pid"]
    revise(
        studio,
        {
            **recipe,
            "notes": "n",
            "name": "N",
            "ttl_s": 900,
            "aliases": ["keep-alias"],
            "priority": 3,
        },
    )
    assert studio.engines()["keep-a"]["pid"] == pid
    assert not is_changed(studio, "keep-a")
    assert studio.chat("keep-alias").status_code == 200
    assert studio.engines()["keep-a"]["pid"] == pid


def test_a_changed_launch_waits_until_somebody_wants_it(studio: StudioServer) -> None:
    """The engine serves on as it was; a switch by hand starts it anew, after its requests."""
    recipe = sim_recipe("new-a", tokens=60, tokens_per_second=40)
    studio.add(recipe)
    pid = studio.load("new-a")["pid"]
    running = studio.stream("new-a")
    running.wait_for_text()
    revise(studio, sim_recipe("new-a", tokens=5))
    assert is_changed(studio, "new-a")
    assert studio.engines()["new-a"]["pid"] == pid
    assert studio.load("new-a")["pid"] != pid
    running.finish()
    assert running.text == words(60), "nothing in use is cut off"
    assert studio.chat("new-a").json()["choices"][0]["message"]["content"] == words(5)
    assert not is_changed(studio, "new-a")
