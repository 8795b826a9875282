"""The demo model and its recipes: a real engine with a real answer, on any machine, offline.

The weights are part of the package (a few megabytes). They are copied into the data directory,
because a recipe is kept longer than an installation of the app: the next version, or a frozen
build that unpacks itself anew at every start, lies somewhere else.
"""

import filecmp
import shutil
from pathlib import Path

from core.recipes.recipe import Recipe
from core.settings import Paths, Settings

PACKAGED = Path(__file__).parent / "demo_model"
FOLDER = "vllm-studio-demo"

_NOTES = (
    "A tiny model that demonstrates the plumbing. It greets, explains vLLM Studio, counts, thinks "
    "and calls three tools; to anything else it says that it has not learned it."
)


def demo_model_dir(paths: Paths) -> Path:
    """The demo model in the data directory, put there or brought up to date first.

    Raises OSError when the data directory can not be written.
    """
    folder = paths.models / FOLDER
    if not _is_current(folder):
        _put(folder)
    return folder


def demo_recipes(settings: Settings) -> list[Recipe]:
    """The demo model on the lightest engine, and on vLLM where that is installed."""
    model = str(demo_model_dir(settings.paths))
    return [
        Recipe(
            id="demo",
            name="Demo model",
            notes=_NOTES,
            engine="transformers",
            model=model,
            extra_args=("--device", "cpu"),
            load_timeout_s=180.0,
        ),
        Recipe(
            id="demo-vllm",
            name="Demo model on vLLM",
            notes=_NOTES,
            engine="vllm",
            model=model,
            context_length=2048,
            kv_cache_gib=1.0,
            enforce_eager=True,
            tool_call_parser="hermes",
            reasoning_parser="qwen3",
            load_timeout_s=300.0,
        ),
    ]


def _packaged_files() -> list[str]:
    return sorted(file.name for file in PACKAGED.iterdir() if file.is_file())


def _is_current(folder: Path) -> bool:
    names = _packaged_files()
    _, different, unreadable = filecmp.cmpfiles(PACKAGED, folder, names, shallow=False)
    return not different and not unreadable


def _put(folder: Path) -> None:
    """File by file through a rename: an engine that is reading the old ones is not disturbed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _packaged_files():
        written = folder / f".{name}.new"
        shutil.copyfile(PACKAGED / name, written)
        written.replace(folder / name)
