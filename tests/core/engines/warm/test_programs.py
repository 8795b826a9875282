"""Which commands may start warm, and which starts import the same."""

from pathlib import Path

import msgspec
import pytest

from core.engines import sglang, transformers, vllm
from core.engines.warm.programs import LAZY, Start, start_of, words_of
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths

BIN = "/home/me/runtimes/vllm-0.32.0/bin"
CWD = Path("/home/me/run/neutral")


def start(argv: list[str], **env: str) -> Start:
    """A start that may be warm."""
    found = start_of(argv, env, CWD)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        (vllm, "vllm"),
        (vllm, "vllm-cpu"),
        (sglang, "sglang"),
        (transformers, "transformers"),
    ],
)
def test_every_engine_is_in_the_table(engine: object, kind: str) -> None:
    """What we launch is what the table knows, by the interpreter of its runtime."""
    runtime = Runtime(id=f"{kind}-1", kind=kind, version="1", path=Path(f"/home/me/{kind}-1"))
    recipe = Recipe(id="a", model="/models/a", engine=runtime.engine_kind)  # type: ignore[arg-type]
    spec = engine.build(  # type: ignore[attr-defined]
        recipe, runtime=runtime, port=1, api_key="k", paths=Paths(Path("/home/me")), env={}
    )
    assert start(list(spec.argv)).python == str(runtime.python)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["/usr/bin/env", "vllm", "serve"],
        ["vllm", "serve", "m"],
        [f"{BIN}/python", "-m", "http.server"],
        [f"{BIN}/python", "serve.py"],
        [f"{BIN}/vllm", "serve", "--help"],
        [f"{BIN}/vllm", "serve", "m", "--numa-bind"],
        [f"{BIN}/vllm", "serve", "m", "--numa-bind-nodes=0"],
    ],
)
def test_other_commands_start_cold(argv: list[str]) -> None:
    """Foreign programs, no path, and words that change what importing or spawning does."""
    assert start_of(argv, {}, CWD) is None


def test_what_stands_after_the_interpreter() -> None:
    """A module with its arguments, or the script with its own."""
    assert words_of([f"{BIN}/python", "-m", "a", "--b"]) == ("-m", "a", "--b")
    assert words_of([f"{BIN}/vllm", "serve", "m"]) == (f"{BIN}/vllm", "serve", "m")


def test_another_model_on_another_port_imports_the_same() -> None:
    """Arguments are read after the imports."""
    one = start([f"{BIN}/vllm", "serve", "a", "--port", "1"], A="1")
    assert one.same_imports(start([f"{BIN}/vllm", "serve", "b", "--port", "2"], A="1"))


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "X"])
def test_another_environment_imports_anew(name: str) -> None:
    """Anything that is not known to be read later counts."""
    argv = [f"{BIN}/vllm", "serve", "a"]
    assert not start(argv, A="1").same_imports(start(argv, A="1", **{name: "1"}))


@pytest.mark.parametrize("name", sorted(LAZY))
def test_what_is_read_later_may_differ(name: str) -> None:
    """The short list."""
    argv = [f"{BIN}/vllm", "serve", "a"]
    assert start(argv, A="1").same_imports(start(argv, A="1", **{name: "1"}))


def test_another_interpreter_entry_or_folder_imports_anew() -> None:
    """Each of them changes what importing finds."""
    one = start([f"{BIN}/vllm", "serve", "a"])
    assert not one.same_imports(start(["/other/bin/vllm", "serve", "a"]))
    assert not one.same_imports(
        start([f"{BIN}/python", "-m", "vllm.entrypoints.openai.api_server"])
    )
    assert not one.same_imports(msgspec.structs.replace(one, cwd="/elsewhere"))
