"""GET /v1/models."""

import msgspec

from core.gateway.listing import find_model, list_models
from core.recipes.recipe import Lora, Recipe
from core.status import GatewayView, RecipeView, Status


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A saved recipe."""

    recipe: Recipe


def status(**states: str) -> Status:
    """A picture with these recipes' states."""
    views = tuple(
        RecipeView(
            id=i, name=i, model="", engine="vllm", public_name=i, aliases=(),
            state=state,  # type: ignore[arg-type]  # one of the states
        )
        for i, state in states.items()
    )  # fmt: skip
    return Status(
        version="0", position=0, endpoint="", state="idle", active=None, headline="",
        recipes=views, engines=(), switch=None, gateway=GatewayView(state="ready", port=1),
    )  # fmt: skip


SAVED = [
    Saved(recipe=Recipe(id="b")),
    Saved(recipe=Recipe(id="hidden", unlisted=True)),
    Saved(recipe=Recipe(id="a", aliases=("gpt-4o",))),
]


def test_listed_recipes_appear_once_each_sorted() -> None:
    """In OpenAI's shape; unlisted ones and aliases do not appear (C01)."""
    listed = list_models(SAVED, status())
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["a", "b"]
    assert set(listed["data"][0]) >= {"id", "object", "created", "owned_by"}


def test_a_listed_model_says_whether_it_is_loaded() -> None:
    """An extra field that strict clients pass over (C03)."""
    listed = list_models(SAVED, status(a="ready", b="loading"))
    assert [model["status"] for model in listed["data"]] == ["loaded", "unloaded"]


def test_one_model_is_found_by_any_of_its_names() -> None:
    """Also an unlisted one; an unknown one is not there."""
    assert (find_model(SAVED, status(), "gpt-4o") or {})["id"] == "a"
    assert (find_model(SAVED, status(), "hidden") or {})["id"] == "hidden"
    assert find_model(SAVED, status(), "nope") is None


def test_an_adapter_is_listed_beside_its_model() -> None:
    """Clients find a LoRA by name, as vLLM itself lists it."""
    saved = [Saved(recipe=Recipe(id="q", loras=(Lora(name="law", path="/law"),)))]
    assert [model["id"] for model in list_models(saved, status())["data"]] == ["law", "q"]
    found = find_model(saved, status(q="ready"), "law")
    assert found is not None
    assert (found["id"], found["status"]) == ("law", "loaded")
