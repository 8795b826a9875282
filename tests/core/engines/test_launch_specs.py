"""What exactly is launched for each engine."""

from pathlib import Path

import pytest

from core.engines import command, sglang, transformers, vllm
from core.engines.launch_spec import HIDDEN
from core.recipes.recipe import EngineKind, Recipe, Sleep
from core.runtimes.runtime import Runtime
from core.settings import Paths

PATHS = Paths(Path("/home/of/studio"))
HOST_ENV = {"PATH": "/bin", "PYTHONPATH": "/evil", "OPENAI_API_KEY": "sk-theirs"}


def runtime(kind: str) -> Runtime:
    """An installed runtime, as far as a launch wants to know."""
    return Runtime(id=f"{kind}-1", kind=kind, version="1", path=Path(f"/rt/{kind}"))


def test_vllm_is_its_own_command_with_the_key_in_the_environment() -> None:
    """`vllm serve MODEL`, on loopback, and no key where `ps` shows it."""
    spec = vllm.build(
        Recipe(id="q", model="Qwen/Qwen3-8B", tensor_parallel=2, extra_args=("--x", "1")),
        runtime=runtime("vllm"),
        port=8001,
        api_key="sk-engine",
        paths=PATHS,
        env=HOST_ENV,
    )
    assert " ".join(spec.argv) == (
        "/rt/vllm/bin/vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 8001"
        " --served-model-name q --tensor-parallel-size 2 --x 1"
    )
    assert spec.env["VLLM_API_KEY"] == "sk-engine"
    assert (spec.model_name, spec.api_key) == ("q", "sk-engine")


def test_vllm_on_the_cpu_is_started_as_a_module() -> None:
    """Its `vllm` command is broken as shipped: it has no package metadata."""
    spec = vllm.build(
        Recipe(id="t", model="/m/tiny", kv_cache_gib=0.5, served_name="tiny"),
        runtime=runtime("vllm-cpu"),
        port=8000,
        api_key="k",
        paths=PATHS,
        env=HOST_ENV,
    )
    assert spec.argv[:5] == (
        *("/rt/vllm-cpu/bin/python", "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", "/m/tiny"),
    )
    assert spec.env["VLLM_CPU_KVCACHE_SPACE"] == "1", "it reads a whole number"
    assert spec.model_name == "tiny"


def test_the_kv_cache_of_a_gpu_is_given_in_bytes() -> None:
    """The same recipe field, another way of saying it."""
    spec = vllm.build(
        Recipe(id="q", model="a/b", kv_cache_gib=2.0),
        runtime=runtime("vllm"),
        port=1,
        api_key=None,
        paths=PATHS,
        env={},
    )
    assert spec.argv[-2:] == ("--kv-cache-memory-bytes", "2147483648")
    assert "VLLM_CPU_KVCACHE_SPACE" not in spec.env


def test_sglang_takes_its_key_as_a_flag_and_it_is_not_shown() -> None:
    """SGLang has no other way; the log gets dots."""
    spec = sglang.build(
        Recipe(id="q", model="a/b", expert_parallel=True, tensor_parallel=4),
        runtime=runtime("sglang"),
        port=8000,
        api_key="sk-engine",
        paths=PATHS,
        env={},
    )
    assert " ".join(spec.argv) == (
        "/rt/sglang/bin/python -m sglang.launch_server --model-path a/b --host 127.0.0.1"
        " --port 8000 --served-model-name q --enable-metrics --api-key sk-engine"
        " --tp-size 4 --ep-size 4"
    )
    assert "sk-engine" not in " ".join(spec.shown_argv)
    assert HIDDEN in spec.shown_argv


def test_transformers_is_asked_by_its_folder_and_must_answer() -> None:
    """Its list of models can not be trusted and it knows no key; so it has to answer a token."""
    spec = transformers.build(
        Recipe(id="demo", model="/m/demo", served_name="demo-tiny"),
        runtime=runtime("transformers"),
        port=8002,
        api_key="sk-engine",
        paths=PATHS,
        env={},
    )
    assert " ".join(spec.argv) == (
        "/rt/transformers/bin/python -m transformers.cli.transformers serve /m/demo"
        " --host 127.0.0.1 --port 8002"
    )
    assert spec.model_name == "/m/demo"
    assert spec.api_key is None
    assert spec.models_path is None
    assert spec.must_answer


def test_a_command_is_filled_in_word_by_word() -> None:
    """Placeholders are replaced, other braces stay, and there is no shell."""
    recipe = Recipe(
        id="c",
        engine="command",
        model="/m/x.gguf",
        command=("srv", "-m", "{path}", "--port={port}", "--as", "{model}", '{"a": 1}', "$HOME"),
        health_path="/up",
    )
    spec = command.build(recipe, runtime=None, port=7, api_key="sk-e", paths=PATHS, env={})
    assert spec.argv == (*("srv", "-m", "/m/x.gguf", "--port=7", "--as", "c", '{"a": 1}', "$HOME"),)
    assert spec.api_key is None, "it has no place for a key, so none is demanded"
    assert spec.health_path == "/up"


def test_a_command_may_serve_its_model_under_a_name_of_its_own() -> None:
    """That name is asked for; the command is still told the name that clients use."""
    recipe = Recipe(id="c", engine="command", command=("srv", "{model}"), use_model_name="real")
    spec = command.build(recipe, runtime=None, port=7, api_key=None, paths=PATHS, env={})
    assert (spec.argv, spec.model_name) == (("srv", "c"), "real")


def test_a_command_with_a_place_for_the_key_gets_it() -> None:
    """{key} is the wish to be asked with one."""
    recipe = Recipe(id="c", engine="command", command=("srv", "--api-key", "{key}"))
    spec = command.build(recipe, runtime=None, port=7, api_key="sk-e", paths=PATHS, env={})
    assert spec.argv == ("srv", "--api-key", "sk-e")
    assert spec.shown_argv == ("srv", "--api-key", HIDDEN)
    assert spec.api_key == "sk-e"


@pytest.mark.parametrize("kind", ["vllm", "vllm-cpu", "sglang", "transformers"])
def test_every_engine_starts_in_an_empty_folder_and_a_clean_environment(kind: str) -> None:
    """Nothing of ours is on its import path, and no key of others in its environment."""
    build = {"sglang": sglang.build, "transformers": transformers.build}.get(kind, vllm.build)
    spec = build(
        Recipe(id="q", model="/m", env={"NCCL_DEBUG": "INFO"}),
        runtime=runtime(kind),
        port=1,
        api_key="k",
        paths=PATHS,
        env=HOST_ENV,
    )
    assert spec.cwd == PATHS.run / "neutral"
    assert "PYTHONPATH" not in spec.env
    assert "OPENAI_API_KEY" not in spec.env
    assert spec.env["NCCL_DEBUG"] == "INFO"


@pytest.mark.parametrize(
    ("kind", "sleep", "words", "routes"),
    [
        ("vllm", "off", (), False),
        ("vllm", "auto", ("--enable-sleep-mode",), True),
        ("vllm", "2", ("--enable-sleep-mode",), True),
        ("vllm-cpu", "auto", (), False),
        ("vllm-cpu", "1", (), True),
        ("sglang", "auto", ("--enable-memory-saver", "--enable-weights-cpu-backup"), False),
        ("sglang", "2", ("--enable-memory-saver",), False),
        ("sglang", "off", (), False),
    ],
)
def test_who_may_sleep_is_launched_so_that_it_can(
    kind: str, sleep: Sleep, words: tuple[str, ...], routes: bool
) -> None:
    """And nobody else has the routes; on the CPU the flag would end the start."""
    engine: EngineKind = "sglang" if kind == "sglang" else "vllm"
    spec = (sglang if kind == "sglang" else vllm).build(
        Recipe(id="q", engine=engine, model="/m", sleep=sleep),
        runtime=runtime(kind),
        port=1,
        api_key="k",
        paths=PATHS,
        env=HOST_ENV,
    )
    asleep = ("--enable-sleep-mode", "--enable-memory-saver", "--enable-weights-cpu-backup")
    assert tuple(word for word in spec.argv if word in asleep) == words
    assert ("VLLM_SERVER_DEV_MODE" in spec.env) is routes
