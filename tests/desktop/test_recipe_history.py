"""`recipes history` and `recipes restore`: from a stopped app's files, and with a running one."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.settings import Paths
from desktop.cli.recipe_history import ABSENT, changes_between, in_words
from events.facts import KeyIssued, RecipeArchived, RecipeCreated, RecipeImported, RecipeRevised
from events.projections import ALL
from events.store import EventStore
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp

SMALL = {"id": "qwen", "model": "Qwen/Qwen3-8B", "context_length": 4096}
LARGE = {**SMALL, "context_length": 8192, "env": {"HF_TOKEN": "@secret:recipe.qwen.HF_TOKEN.1"}}


@pytest.fixture
def recorded(home: Path) -> EventStore:
    """A recipe with a past, and a key that had a part in it."""
    Paths(home).create()
    store = EventStore.open(home / "main.db", projections=ALL)
    stream = "recipe-qwen"
    for actor, where, fact in (
        ("cli", stream, RecipeImported(recipe_id="qwen", source="old.toml", recipe=SMALL)),
        ("cli", "key-k1", KeyIssued(key_id="k1", name="laptop", prefix="sk", digest="d")),
        ("key:k1", stream, RecipeRevised(recipe_id="qwen", recipe=LARGE, revision=2)),
        ("window", stream, RecipeRevised(recipe_id="qwen", recipe=SMALL, revision=3)),
        ("window", stream, RecipeArchived(recipe_id="qwen")),
        ("cli", "recipe-other", RecipeCreated(recipe_id="other", recipe={"id": "other"})),
    ):
        store.append_now(where, [fact], actor=actor)
    store.close()
    return store


def test_every_revision_is_listed_with_who_and_what(recorded: EventStore, run: Run) -> None:
    """The newest first; a secret is only said to be one."""
    head, archived, back, grown, first = run("recipes", "history", "qwen").output.splitlines()
    assert head.split()[:4] == ["revision", "when", "who", "how"]
    assert archived.split()[-1] == "archived"
    assert back.endswith("as revision 1")
    assert " laptop " in grown
    assert "~ context_length: 4096 → 8192, + env.HF_TOKEN: (a secret)" in grown
    assert "imported from old.toml" in first
    told = json.loads(run("recipes", "history", "qwen", "--json").output)
    assert [one["revision"] for one in told["revisions"]] == [3, 3, 2, 1]


def test_two_revisions_are_compared(recorded: EventStore, run: Run) -> None:
    """Field by field, in either direction."""
    assert run("recipes", "history", "qwen", "--diff", "2", "3").output.splitlines() == [
        "~ context_length: 8192 → 4096",
        "− env.HF_TOKEN: (a secret)",
    ]
    told = json.loads(run("recipes", "history", "qwen", "--diff", "1", "2", "--json").output)
    assert told["changes"][0] == {"field": "context_length", "before": 4096, "after": 8192}
    same = run("recipes", "history", "qwen", "--diff", "1", "3").output
    assert same == "Revisions 1 and 3 say the same.\n"


def test_what_is_not_there_is_said_with_what_is(recorded: EventStore, run: Run) -> None:
    """Neither a recipe nor a revision is made up."""
    assert "no recipe" in run("recipes", "history", "nobody").stderr
    wrong = run("recipes", "history", "qwen", "--diff", "1", "9")
    assert (wrong.exit_code, "revisions 1 to 3" in wrong.stderr) == (1, True)


def revision(number: int, recipe: dict[str, Any], how: str = "revised") -> dict[str, Any]:
    """As /api/recipes/{id}/revisions gives it."""
    return {
        "revision": number, "position": number, "recorded_at": 1_700_000_000_000_000,
        "actor": "cli", "key_name": None, "how": how, "source": "", "recipe": recipe,
        "same_as": None,
    }  # fmt: skip


def test_a_revision_is_saved_anew_on_top_of_the_newest(app: FakeApp, run: Run) -> None:
    """Whole, and only if nobody saved another meanwhile."""
    app.revisions = [revision(2, LARGE), revision(1, SMALL, "created")]
    said = run("recipes", "restore", "qwen", "1").output
    assert said == "qwen is what it was at revision 1, as a new revision.\n"
    assert app.asked[-1][0::2] == ("PUT", SMALL)
    assert "expected_revision=2" in app.asked[-1][1]
    assert "is as it was" in run("recipes", "restore", "qwen", "2").output
    assert [method for method, _, _ in app.asked].count("PUT") == 1


def test_an_archived_one_is_brought_back_first(app: FakeApp, run: Run) -> None:
    """As it was, without a revision; to an older one, in two steps."""
    app.revisions = [revision(2, LARGE, "archived"), revision(1, SMALL, "created")]
    assert run("recipes", "restore", "qwen").output == "qwen is back.\n"
    run("recipes", "restore", "qwen", "1")
    done = [(method, path.partition("?")[0]) for method, path, _ in app.asked if method != "GET"]
    assert done == [
        ("POST", "/api/recipes/qwen/restore"),
        ("POST", "/api/recipes/qwen/restore"),
        ("PUT", "/api/recipes/qwen"),
    ]


def test_changes_reach_into_tables_and_know_absence_from_null() -> None:
    """A field that is null is another thing than none."""
    before, after = {"a": None, "t": {"x": 1}}, {"t": {"x": [1, 2], "y": "z"}}
    assert list(changes_between(before, after)) == [
        ("a", None, ABSENT), ("t.x", 1, [1, 2]), ("t.y", ABSENT, "z"),
    ]  # fmt: skip
    assert in_words("a", None, ABSENT) == "− a: null"
