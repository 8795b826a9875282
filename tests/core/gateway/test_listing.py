"""GET /v1/models."""

import msgspec

from core.gateway.listing import find_model, list_models
from core.offers.provider import RemoteModel
from core.offers.virtual import VirtualModel
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


def test_the_list_is_a_page_of_anthropics_too() -> None:
    """Their client reads names to show, and whether there are more pages."""
    listed = list_models(SAVED, status())
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, "a", "b")
    assert set(listed["data"][0]) >= {"id", "type", "display_name", "created_at"}
    nothing = list_models(SAVED, status(), permits=lambda name: False)
    assert (nothing["data"], nothing["first_id"], nothing["last_id"]) == ([], None, None)
    some = list_models(SAVED, status(), permits=lambda name: name == "b")
    assert (some["first_id"], some["last_id"]) == ("b", "b")


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


def test_a_preset_is_a_model_of_its_own_and_an_alias_is_not() -> None:
    """Also when the preset's name is one of the aliases."""
    recipe = Recipe(id="q", aliases=("x", "cold"), presets={"cold": {"temperature": 0}, "hot": {}})
    saved = [Saved(recipe=recipe)]
    listed = list_models(saved, status(q="ready"))["data"]
    assert [(model["id"], model["status"]) for model in listed] == [
        ("cold", "loaded"),
        ("hot", "loaded"),
        ("q", "loaded"),
    ]
    assert (find_model(saved, status(), "x") or {})["id"] == "q"
    hidden = [Saved(recipe=msgspec.structs.replace(recipe, unlisted=True))]
    assert list_models(hidden, status())["data"] == []


class Offered:
    """A local virtual model, one with a remote member, and what is not to be listed."""

    def virtual_models(self) -> tuple[VirtualModel, ...]:
        """Three."""
        return (
            VirtualModel(name="best", members=("b", "gone")),
            VirtualModel(name="somewhere", members=("b", "p/gpt")),
            VirtualModel(name="secret", members=("b",), unlisted=True),
        )

    def remote_models(self) -> tuple[RemoteModel, ...]:
        """Two."""
        gpt = RemoteModel(name="p/gpt", model="gpt", provider_id="p", prefix="openai")
        return (gpt, msgspec.structs.replace(gpt, name="q", unlisted=True))


def test_what_is_offered_beside_recipes_is_listed_with_its_owner() -> None:
    """A virtual model is loaded when a member is, and a remote one never needs to be."""
    data = list_models(SAVED, status(), Offered())["data"]
    told = {model["id"]: (model["owned_by"], model["status"]) for model in data}
    assert told == {
        "a": ("vllm-studio", "unloaded"),
        "b": ("vllm-studio", "unloaded"),
        "best": ("vllm-studio", "unloaded"),
        "p/gpt": ("p", "remote"),
        "somewhere": ("vllm-studio", "loaded"),
    }
    now = list_models(SAVED, status(b="ready"), Offered())["data"]
    assert {model["id"]: model["status"] for model in now}["best"] == "loaded"
    assert (find_model(SAVED, status(), "secret", Offered()) or {})["id"] == "secret"
    assert (find_model(SAVED, status(), "q", Offered()) or {})["status"] == "remote"
