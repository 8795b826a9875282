"""How an engine is told about its other machines, here and there."""

import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.engines import sglang, vllm
from core.engines.node_command import node_command
from core.errors import Invalid, Refused
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths

PATHS = Paths(Path("/home"))
ON_RAY = Recipe(id="q", model="a/b", nodes=2, tensor_parallel=8)
ALONE = Recipe(
    id="q",
    model="a/b",
    nodes=2,
    tensor_parallel=8,
    node_backend="engine",
    node_address="10.0.0.1:5000",
)
SGLANG = Recipe(
    id="q", model="a/b", engine="sglang", nodes=2, tensor_parallel=8, node_address="10.0.0.1:5000"
)


def runtime(kind: str) -> Runtime:
    """An installed runtime."""
    return Runtime(id=f"{kind}-1", kind=kind, version="1", path=Path(f"/rt/{kind}"))


def launch(recipe: Recipe, host: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """The command line and the environment on this machine."""
    build = sglang.build if recipe.engine == "sglang" else vllm.build
    spec = build(
        recipe,
        runtime=runtime(recipe.engine),
        port=8000,
        api_key=None,
        paths=PATHS,
        env=host or {},
    )
    return " ".join(spec.argv), dict(spec.env)


def test_vllm_on_ray_joins_the_cluster_that_is_there() -> None:
    """`auto` and not nothing: without an address Ray would start a cluster of its own."""
    argv, env = launch(ON_RAY)
    assert argv.endswith("--tensor-parallel-size 8 --distributed-executor-backend ray")
    assert env["RAY_ADDRESS"] == "auto"
    assert launch(ON_RAY, {"RAY_ADDRESS": "10.0.0.9:1"})[1]["RAY_ADDRESS"] == "10.0.0.9:1"


def test_the_recipes_cluster_beats_the_machines() -> None:
    """It is the more particular word."""
    recipe = Recipe(id="q", model="a/b", nodes=2, tensor_parallel=2, node_address="10.0.0.1:6379")
    assert launch(recipe, {"RAY_ADDRESS": "elsewhere:1"})[1]["RAY_ADDRESS"] == "10.0.0.1:6379"


def test_vllm_by_itself_is_rank_0_here() -> None:
    """And knows under which of its addresses the others see it."""
    argv, env = launch(ALONE)
    assert argv.endswith(
        "--tensor-parallel-size 8 --distributed-executor-backend mp --nnodes 2 --node-rank 0"
        " --master-addr 10.0.0.1 --master-port 5000"
    )
    assert env["VLLM_HOST_IP"] == "10.0.0.1"
    assert "RAY_ADDRESS" not in env


def test_sglang_is_rank_0_here() -> None:
    """In its own words."""
    argv, _ = launch(SGLANG)
    assert argv.endswith("--tp-size 8 --nnodes 2 --node-rank 0 --dist-init-addr 10.0.0.1:5000")


@pytest.mark.parametrize("recipe", [ON_RAY, ALONE, SGLANG])
def test_one_machine_is_told_nothing_about_others(recipe: Recipe) -> None:
    """`nodes` of 1 is as good as none."""
    single = replace(recipe, nodes=1)
    argv, env = launch(single)
    assert "nnodes" not in argv
    assert "distributed" not in argv
    assert "RAY_ADDRESS" not in env


def test_the_other_machine_runs_the_same_with_its_own_rank() -> None:
    """A line to copy: the model, the recipe's flags, no port of ours."""
    assert node_command(ALONE, 1).text == (
        "vllm serve a/b --tensor-parallel-size 8 --distributed-executor-backend mp --nnodes 2"
        " --node-rank 1 --master-addr 10.0.0.1 --master-port 5000 --headless"
    )
    assert node_command(SGLANG, 1).text == (
        "python -m sglang.launch_server --model-path a/b --tp-size 8 --nnodes 2 --node-rank 1"
        " --dist-init-addr 10.0.0.1:5000"
    )


def test_every_flag_of_both_parts_exists_in_the_real_engine() -> None:
    """vLLM 0.32.0, SGLang 0.5.23."""
    data = Path(__file__).parent / "data"
    for recipe in (ON_RAY, ALONE, SGLANG):
        known = (data / f"{recipe.engine}-flags.txt").read_text(encoding="utf-8").split("\n")
        words = launch(recipe)[0].split()
        words += shlex.split(node_command(recipe, 1).text) if recipe is not ON_RAY else []
        assert {word for word in words if word.startswith("--")} - set(known) == set()


def test_variables_go_along_and_secrets_stay() -> None:
    """What can not be copied is named."""
    recipe = replace(ALONE, env={"NCCL_DEBUG": "IN FO", "HF_TOKEN": "@secret:recipe.q.HF_TOKEN.1"})
    command = node_command(recipe, 1)
    assert command.text.startswith("NCCL_DEBUG='IN FO' vllm serve")
    assert "HF_TOKEN" not in command.text
    assert any("Set HF_TOKEN there first" in note for note in command.notes)


def test_a_machine_joins_ray_by_rays_own_command() -> None:
    """The cluster is Ray's; the first machine begins it."""
    recipe = Recipe(id="q", model="a/b", nodes=2, tensor_parallel=2, node_address="10.0.0.1:6380")
    assert node_command(recipe, 0).text == "ray start --head --port=6380"
    assert node_command(recipe, 1).text == "ray start --address=10.0.0.1:6380"
    assert any("token" in note for note in node_command(recipe, 1).notes)


def test_what_has_no_such_rank_is_refused() -> None:
    """With what to do instead."""
    with pytest.raises(Refused, match="alone"):
        node_command(Recipe(id="q", model="a/b"), 1)
    with pytest.raises(Refused, match="this machine's part"):
        node_command(ALONE, 0)
    with pytest.raises(Invalid, match="ranks 0 to 1"):
        node_command(ALONE, 2)
