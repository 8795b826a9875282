"""Recipes over HTTP: every mistake at once, the command line, revisions, and files."""

from typing import Any

import httpx
import pytest

from tests.harness.studio import StudioServer

pytestmark = pytest.mark.real

TOKEN = "hf_abcdefghijklmnopqrstuvwxyzabcdefghijkl"


def qwen(recipe_id: str, **fields: Any) -> dict[str, Any]:
    """A recipe of vLLM, which need not be installed."""
    return {"id": recipe_id, "engine": "vllm", "model": "Qwen/Qwen3-8B", **fields}


def revise(studio: StudioServer, recipe: dict[str, Any], **headers: str) -> httpx.Response:
    """PUT it, as the owner unless headers say who else asks."""
    path = f"/api/recipes/{recipe['id']}"
    return studio.http.put(path, json=recipe, headers=headers or studio.owner())


def test_fields_say_what_they_take_and_what_they_become(studio: StudioServer) -> None:
    """Everything an editor needs to make its form."""
    fields = {one["name"]: one for one in studio.get("/api/recipes/fields")}
    assert fields["context_length"]["flags"]["vllm"] == ["--max-model-len"]
    assert (fields["lane"]["kind"], fields["lane"]["choices"]) == ("choice", ["gateway", "direct"])
    assert [part["name"] for part in fields["loras"]["parts"]] == ["name", "path"]
    assert "fp8_per_tensor" in fields["quantization"]["suggestions_by_engine"]["vllm"]


def test_every_mistake_is_told_at_once_each_at_its_field(studio: StudioServer) -> None:
    """Unknown names with the nearest, wrong shapes, broken rules, and names that others have."""
    studio.add(qwen("taken", aliases=["nice"]))
    wrong = qwen("fresh", modle="x", context_length="much", memory_fraction=3, aliases=["nice"])
    told = {p["field"]: p["message"] for p in studio.post("/api/recipes/check", wrong)["problems"]}
    assert "Did you mean 'model'?" in told["modle"]
    assert set(told) == {"modle", "context_length", "memory_fraction"}
    taken = studio.post("/api/recipes/check", qwen("fresh", aliases=["nice"]))["problems"]
    assert [(p["field"], p["severity"]) for p in taken] == [("aliases[0]", "error")]
    again = studio.post("/api/recipes/check?new=true", qwen("taken"))["problems"]
    assert [p["field"] for p in again] == ["id"]
    assert studio.post("/api/recipes/check", qwen("taken", aliases=["nice"]))["problems"] == []


def test_the_command_line_is_shown_and_what_it_differs_in(studio: StudioServer) -> None:
    """Also while vLLM is not installed; neither port nor secret is in it."""
    saved = qwen("shown", context_length=8192, enforce_eager=True)
    draft = qwen("shown", context_length=16384, seed=1, env={"HF_TOKEN": TOKEN})
    answer = studio.post("/api/recipes/preview", {"recipe": draft, "against": saved})
    changed = {
        one["flag"]: (one["change"], one["values"], one["before"])
        for one in answer["arguments"]
        if one["change"] != "same"
    }
    assert changed == {
        "--max-model-len": ("changed", ["16384"], ["8192"]),
        "--enforce-eager": ("removed", [], []),
        "--seed": ("added", ["1"], []),
    }
    variables = {one["name"]: one for one in answer["variables"]}
    assert variables["HF_TOKEN"]["value"] == "•••"
    assert variables["HF_TOKEN"]["change"] == "added"
    assert answer["changes"] == 4
    assert TOKEN not in str(answer)
    assert "{port}" in answer["text"]
    assert studio.post("/api/recipes/preview", {"recipe": saved})["changes"] == 0
    homeless = saved | {"model": "~nobody-is-called-so/model"}
    assert (
        "~nobody-is-called-so/model"
        in studio.post("/api/recipes/preview", {"recipe": homeless})["text"]
    )


def test_revisions_tell_how_and_by_whom(studio: StudioServer) -> None:
    """Each whole; a key by its name; what was so before is known again; and at a moment."""
    studio.add(qwen("grown", context_length=4096))
    key = studio.post("/api/keys", {"name": "laptop of Ada", "limits": {"scopes": ["manage"]}})[
        "secret"
    ]
    answer = revise(studio, qwen("grown", context_length=8192), authorization=f"Bearer {key}")
    assert answer.is_success, answer.text
    then = studio.head
    assert revise(studio, qwen("grown", context_length=4096)).is_success
    studio.http.delete("/api/recipes/grown", headers=studio.owner()).raise_for_status()
    studio.post("/api/recipes/grown/restore")
    studio.post("/api/recipes/grown/clone", {"id": "grown-2"})

    revisions = studio.get("/api/recipes/grown/revisions")["revisions"]
    assert [(one["how"], one["revision"]) for one in revisions] == [
        *[("restored", 3), ("archived", 3), ("revised", 3), ("revised", 2), ("created", 1)],
    ]
    assert revisions[3]["key_name"] == "laptop of Ada"
    assert revisions[3]["recipe"]["context_length"] == 8192
    assert (revisions[2]["same_as"], revisions[2]["actor"]) == (1, "cli")
    (copy,) = studio.get("/api/recipes/grown-2/revisions")["revisions"]
    assert (copy["how"], copy["source"]) == ("cloned", "grown")
    earlier = studio.get("/api/recipes/grown/revisions", at=then)["revisions"]
    assert [one["revision"] for one in earlier] == [2, 1]
    nobody = studio.http.get("/api/recipes/nobody/revisions", headers=studio.owner())
    assert nobody.status_code == 404


FILE = """\
[[recipes]]
id = "from-file"
model = "org/new"

[[recipes]]
id = "there"
model = "Qwen/Qwen3-8B"
context_length = 4096

[[recipes]]
id = "mistyped"
model = "org/x"
contxt_length = 4096
"""


def test_an_import_is_seen_before_it_is_made(studio: StudioServer) -> None:
    """What is new, what changes, what is wrong and where; and then only what was chosen."""
    studio.add(qwen("there"))
    before = studio.head
    told = studio.post("/api/recipes/import/preview", {"format": "toml", "text": FILE})["recipes"]
    assert [(one["id"], one["outcome"], one["line"]) for one in told] == [
        *[("from-file", "new", 1), ("there", "revision", 5), ("mistyped", "refused", 13)],
    ]
    assert (told[1]["revision"], told[1]["fields"]) == (2, ["context_length"])
    assert "Did you mean 'context_length'?" in told[2]["message"]
    assert studio.head == before, "nothing is saved by looking"

    body = {"format": "toml", "text": FILE, "replace": True}
    whole = studio.http.post("/api/recipes/import", json=body, headers=studio.owner())
    assert (whole.status_code, studio.head) == (400, before), "all of them, or none"
    chosen = studio.post("/api/recipes/import", {**body, "only": ["there", "from-file"]})
    assert chosen["imported"] == ["from-file", "there"]
    assert studio.get("/api/recipes/there")["revision"] == 2


def test_a_file_that_can_not_be_read_is_told_by_line(studio: StudioServer) -> None:
    """Also where the mistake lies in a file of llama-swap."""
    broken = {"format": "yaml", "text": "recipes:\n- id: a\n   model: x\n"}
    told = studio.post("/api/recipes/import/preview", broken)
    assert (told["recipes"], told["line"]) == ([], 3)
    swap = {"format": "yaml", "text": "models:\n  a:\n    cmd: run ${nothing}\n"}
    told = studio.post("/api/recipes/import/preview", swap)
    assert told["line"] == 3
    assert "macro" in told["message"]


def test_what_comes_back_from_the_archive_says_so(studio: StudioServer) -> None:
    """An import brings it back, as a new revision."""
    studio.add(qwen("put-away"))
    studio.http.delete("/api/recipes/put-away", headers=studio.owner()).raise_for_status()
    text = '[[recipes]]\nid = "put-away"\nmodel = "org/other"\n'
    told = studio.post("/api/recipes/import/preview", {"format": "toml", "text": text})
    assert [one["outcome"] for one in told["recipes"]] == ["from-archive"]
