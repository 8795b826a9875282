"""What is refused before half a minute of loading is spent on it."""

from pathlib import Path

import msgspec
import pytest

from core.engines import preflight
from core.engines.launch_spec import LaunchSpec
from core.errors import EngineFailure
from core.recipes.recipe import Lora, Recipe
from core.runtimes.flags import Flag, FlagTable


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like a model."""
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    return tmp_path


def check(
    recipe: Recipe, *words: str, flags: FlagTable | None = None, free: bool = True
) -> list[str]:
    """The fields of the warnings."""
    spec = LaunchSpec(
        argv=("sh", *words),
        env={"PATH": "/usr/bin:/bin"},
        cwd=Path("/tmp"),
        model_name="m",
        api_key=None,
    )
    problems = preflight.check(recipe, spec, 8000, flags, port_free=lambda _port: free)
    return [problem.field for problem in problems]


def refused(recipe: Recipe, *words: str, flags: FlagTable | None = None, free: bool = True) -> str:
    """The code of the refusal."""
    with pytest.raises(EngineFailure) as failure:
        check(recipe, *words, flags=flags, free=free)
    assert failure.value.next_action
    return failure.value.code


def test_a_good_recipe_passes(model: Path) -> None:
    """Without a warning."""
    assert check(Recipe(id="r", model=str(model))) == []


def test_a_hub_id_is_the_engines_business() -> None:
    """Nothing on this disk says whether it exists."""
    assert check(Recipe(id="r", model="Qwen/Qwen3-8B")) == []


def test_a_missing_folder_is_refused(model: Path) -> None:
    """The engine would say so after 22 to 54 seconds."""
    assert refused(Recipe(id="r", model=str(model / "none"))) == "model-missing"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """No config.json, no model."""
    assert refused(Recipe(id="r", model=str(tmp_path))) == "model-incomplete"


@pytest.mark.parametrize(
    "field",
    [{"chat_template": "/none.jinja"}, {"loras": (Lora(name="l", path="/none"),)}],
)
def test_a_missing_file_of_a_recipe_is_refused(model: Path, field: dict[str, object]) -> None:
    """Whatever field names it."""
    recipe = msgspec.structs.replace(Recipe(id="r", model=str(model)), **field)
    assert refused(recipe) == "file-missing"


def test_a_taken_port_is_refused(model: Path) -> None:
    """By somebody who came between the choice and the launch."""
    assert refused(Recipe(id="r", model=str(model)), free=False) == "port-taken"


def test_a_missing_program_is_refused() -> None:
    """Before anything is forked."""
    spec = LaunchSpec(argv=("/none/vllm",), env={}, cwd=Path("/tmp"), model_name="m", api_key=None)
    with pytest.raises(EngineFailure) as failure:
        preflight.check(Recipe(id="r", model="a/b"), spec, 1, port_free=lambda _port: True)
    assert failure.value.code == "not-executable"


FLAGS = FlagTable(
    engine="vllm",
    version="0.32.0",
    flags=(Flag(dest="max_model_len", flags=("--max-model-len",)),),
)


def test_an_unknown_flag_is_refused_with_the_nearest(model: Path) -> None:
    """As the installed engine itself lists them."""
    recipe = Recipe(id="r", model=str(model))
    assert check(recipe, "--max-model-len=1", "--max_model_len", "2", flags=FLAGS) == []
    assert refused(recipe, "--max-model-length", "1", flags=FLAGS) == "bad-flag"
    with pytest.raises(EngineFailure, match="--max-model-len'"):
        check(recipe, "--max-model-length", "1", flags=FLAGS)


def test_a_field_without_a_meaning_is_a_warning(model: Path) -> None:
    """It does not stop the start, but it is told."""
    recipe = Recipe(id="r", engine="transformers", model=str(model), tensor_parallel=2)
    assert check(recipe) == ["tensor_parallel"]
