"""What a child may know of its surroundings."""

import pytest

from core.engines.environment import child_environment, is_local

HOST = {
    "PATH": "/bin",
    "HOME": "/h",
    "CUDA_HOME": "/cuda",
    "HF_HOME": "/hf",
    "HF_TOKEN": "hf_secret",
    "HTTPS_PROXY": "http://user:pass@proxy",
    "PYTHONPATH": "/evil",
    "AWS_SECRET_ACCESS_KEY": "x",
    "OPENAI_API_KEY": "x",
    "VLLM_API_KEY": "x",
    "VLLM_STUDIO_API_KEY": "x",
    "LITELLM_MASTER_KEY": "x",
    "DATABASE_URL": "x",
    "VLLM_LOGGING_LEVEL": "DEBUG",
}


def test_a_local_model_is_served_without_network_or_token() -> None:
    """A folder needs no hub: offline, no token, no proxy."""
    env = child_environment(HOST, model="/m")
    assert env["HF_HUB_OFFLINE"] == "1"
    assert "HF_TOKEN" not in env
    assert "HTTPS_PROXY" not in env


def test_a_hub_model_gets_the_users_hub_access() -> None:
    """A download needs the token and the proxy, and must not be offline."""
    env = child_environment(HOST, model="Qwen/Qwen3-8B")
    assert "HF_HUB_OFFLINE" not in env
    assert env["HF_TOKEN"] == "hf_secret"
    assert env["HTTPS_PROXY"]


@pytest.mark.parametrize("model", ["/m", "Qwen/Qwen3-8B", ""])
def test_no_secret_of_others_passes(model: str) -> None:
    """Keys of ours and of other programs stay out, whatever the model."""
    env = child_environment(HOST, model=model)
    assert "x" not in env.values()
    assert "PYTHONPATH" not in env


def test_what_a_gpu_program_needs_passes() -> None:
    """Libraries, caches and the engine's own switches."""
    env = child_environment(HOST, model="/m")
    assert (env["PATH"], env["CUDA_HOME"], env["HF_HOME"]) == ("/bin", "/cuda", "/hf")
    assert env["VLLM_LOGGING_LEVEL"] == "DEBUG"


def test_nobody_phones_home() -> None:
    """Statistics and update checks are off, and the environment survives a changed title."""
    env = child_environment({}, model="/m")
    for name in ("DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "HF_HUB_DISABLE_TELEMETRY", "SPT_NOENV"):
        assert env[name] == "1"
    assert env["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"] == "120"


def test_the_recipe_has_the_last_word() -> None:
    """Host, ours, the engine's, the recipe's: later beats earlier."""
    env = child_environment(
        {"VLLM_X": "host"},
        model="/m",
        devices=(0, 2),
        defaults={"VLLM_X": "engine", "A": "engine"},
        recipe_env={"VLLM_X": "recipe", "HF_HUB_OFFLINE": "0"},
    )
    assert (env["VLLM_X"], env["A"], env["HF_HUB_OFFLINE"]) == ("recipe", "engine", "0")
    assert env["CUDA_VISIBLE_DEVICES"] == "0,2"


def test_cuda_counts_as_every_tool_does() -> None:
    """Index 0 is the GPU that nvidia-smi calls 0; UUIDs pass as they are."""
    env = child_environment({"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, model="/m", devices=("GPU-5f",))
    assert env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert env["CUDA_VISIBLE_DEVICES"] == "GPU-5f"


@pytest.mark.parametrize(
    ("model", "local"),
    [("/m", True), ("~/m", True), ("./m", True), ("Qwen/Qwen3-8B", False), ("", False)],
)
def test_a_folder_is_told_from_a_hub_id(model: str, local: bool) -> None:
    """By its spelling alone: nothing is looked up."""
    assert is_local(model) is local
