"""The fit of a recipe, asked of a running app over HTTP and in the terminal."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.core.fit.models import LLAMA_3_8B, write
from tests.harness.studio import ROOT, StudioServer

pytestmark = pytest.mark.real


def recipe(folder: Path, **fields: Any) -> dict[str, Any]:
    """Transformers on the CPU: it is the same on a machine with GPUs."""
    return {
        "id": "llama",
        "engine": "transformers",
        "model": str(folder),
        "extra_args": ["--device", "cpu"],
        **fields,
    }


def test_a_saved_and_an_unsaved_recipe_are_told_the_same(
    studio: StudioServer, tmp_path: Path
) -> None:
    """Main memory holds 15 GiB of weights; nothing was measured yet."""
    asked = recipe(write(tmp_path, LLAMA_3_8B))
    unsaved = studio.http.post("/api/recipes/fit", json=asked, headers=studio.owner()).json()
    created = studio.http.post("/api/recipes", json=asked, headers=studio.owner())
    assert created.is_success, created.text
    saved = studio.get("/api/recipes/llama/fit")
    assert saved == unsaved
    assert saved["source"] == "estimated"
    (host,) = saved["devices"]
    weights = [one["bytes"] for one in host["segments"] if one["kind"] == "weights"]
    assert weights == [2 * 8_030_261_248]


def test_the_terminal_tells_it(studio: StudioServer, tmp_path: Path) -> None:
    """As a table, and as JSON."""
    asked = recipe(write(tmp_path, LLAMA_3_8B), id="llama-told")
    assert studio.http.post("/api/recipes", json=asked, headers=studio.owner()).is_success
    words = [sys.executable, "-m", "desktop", "recipes", "fit", "llama-told"]
    text = subprocess.check_output(words, cwd=ROOT, env=studio.env, text=True)
    assert "main memory" in text
    assert "weights 15.0 GiB" in text
    answer = json.loads(
        subprocess.check_output([*words, "--json"], cwd=ROOT, env=studio.env, text=True)
    )
    assert answer["recipe_id"] == "llama-told"


def test_a_recipe_that_is_wrong_is_refused_as_when_saving(studio: StudioServer) -> None:
    """Problem details with the field; an id that nobody has is not found."""
    wrong = {"id": "x", "engine": "vllm"}
    answer = studio.http.post("/api/recipes/fit", json=wrong, headers=studio.owner())
    assert (answer.status_code, answer.json()["code"]) == (400, "recipe-invalid")
    nobody = studio.http.get("/api/recipes/nobody/fit", headers=studio.owner())
    assert nobody.status_code == 404
