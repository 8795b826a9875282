"""The demo model is there, whole, and its recipes point to it."""

import json
from pathlib import Path

import pytest

from core.models.demo import PACKAGED, demo_model_dir, demo_recipes
from core.models.local import read_model
from core.models.training.dialogues import KNOWN
from core.recipes.validation import check
from core.settings import Paths, Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty home."""
    return load_settings({"VLLM_STUDIO_HOME": str(tmp_path)})


def test_the_packaged_model_is_small_and_whole() -> None:
    """A few megabytes of bfloat16, about a million parameters."""
    model = read_model(PACKAGED, name="demo")
    assert model is not None
    assert model.architecture == "Qwen3ForCausalLM"
    assert model.dtype == "bfloat16"
    assert model.parameters is not None
    assert 1_000_000 < model.parameters < 2_000_000
    assert sum(file.stat().st_size for file in PACKAGED.iterdir()) < 5_000_000


def test_it_answers_the_same_whatever_a_client_asks_for() -> None:
    """Only the most likely token is ever drawn, even at a client's own temperature."""
    assert json.loads((PACKAGED / "generation_config.json").read_text())["top_k"] == 1


def test_its_card_says_what_it_is() -> None:
    """Licence, size and honesty: all openings word for word, or it would not be here."""
    card = (PACKAGED / "README.md").read_text()
    openings = sum(len(dialogue.openings) for dialogue in KNOWN)
    assert "license: apache-2.0" in card
    assert "not an assistant" in card
    assert f"{openings} of {openings} known openings answered word for word" in card


def test_it_is_put_into_the_data_directory(settings: Settings) -> None:
    """A recipe outlives the folder the app was installed in."""
    folder = demo_model_dir(settings.paths)
    assert folder.is_relative_to(settings.paths.home)
    assert read_model(folder, name="demo") is not None


def test_a_damaged_copy_is_repaired_and_a_good_one_left_alone(settings: Settings) -> None:
    """Putting it in place is idempotent; an engine reading it is not disturbed."""
    weights = demo_model_dir(settings.paths) / "model.safetensors"
    before = weights.stat()
    demo_model_dir(settings.paths)
    assert weights.stat().st_mtime_ns == before.st_mtime_ns
    weights.write_bytes(b"broken")
    demo_model_dir(settings.paths)
    assert weights.read_bytes() == (PACKAGED / "model.safetensors").read_bytes()


def test_the_recipes_are_sound(settings: Settings) -> None:
    """Both pass the same checks as a person's, and point to the model."""
    recipes = demo_recipes(settings)
    assert [(r.id, r.engine) for r in recipes] == [("demo", "transformers"), ("demo-vllm", "vllm")]
    for recipe in recipes:
        assert [p for p in check(recipe) if p.severity == "error"] == []
        assert Path(recipe.model) == demo_model_dir(Paths(settings.paths.home))
