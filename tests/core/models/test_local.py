"""Models on this machine are found where they usually lie."""

import json
from pathlib import Path
from typing import Any

from core.models.local import list_local_models, model_folders
from core.settings import Paths
from tests.core.models.test_safetensors_header import HEADER, write

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "max_position_embeddings": 40960,
    "torch_dtype": "bfloat16",
}


def model(folder: Path, config: dict[str, Any] | None = None) -> Path:
    """A folder with a configuration and one file of weights."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG if config is None else config))
    write(folder / "model.safetensors", {"a": HEADER["a.weight"]})
    return folder


def hub_model(cache: Path, name: str, commit: str = "c0ffee") -> Path:
    """A model as Hugging Face's cache lays it out: snapshots of links into blobs."""
    entry = cache / f"models--{name.replace('/', '--')}"
    (entry / "refs").mkdir(parents=True)
    (entry / "refs" / "main").write_text(commit)
    snapshot = model(entry / "snapshots" / commit)
    (entry / "blobs").mkdir()
    weights = snapshot / "model.safetensors"
    weights.rename(entry / "blobs" / "f00d")
    weights.symlink_to(Path("../../blobs/f00d"))
    return snapshot


def test_a_folder_in_the_data_directory_is_a_model(tmp_path: Path) -> None:
    """Everything a recipe or a list wants to know, from configuration and header."""
    folder = model(tmp_path / "my-model")
    [found] = list_local_models([tmp_path])
    assert (found.name, found.path) == ("my-model", folder)
    assert found.architecture == "Qwen3ForCausalLM"
    assert (found.parameters, found.dtype) == (32, "bfloat16")
    assert found.context_length == 40960
    assert found.bytes == (folder / "model.safetensors").stat().st_size


def test_a_hub_model_has_its_hub_name(tmp_path: Path) -> None:
    """The name is what one would type, the path is the snapshot, links are followed."""
    snapshot = hub_model(tmp_path, "Qwen/Qwen3-8B")
    [found] = list_local_models([tmp_path])
    assert (found.name, found.path, found.revision) == ("Qwen/Qwen3-8B", snapshot, "c0ffee")
    assert found.bytes > 0


def test_a_multimodal_model_tells_its_text_context(tmp_path: Path) -> None:
    """The length stands in the inner configuration."""
    model(tmp_path / "vl", {"architectures": ["X"], "text_config": {"max_position_embeddings": 9}})
    assert list_local_models([tmp_path])[0].context_length == 9


def test_a_quantised_model_says_how(tmp_path: Path) -> None:
    """The method is shown as its configuration names it."""
    model(tmp_path / "q", {**CONFIG, "quantization_config": {"quant_method": "awq", "bits": 4}})
    assert list_local_models([tmp_path])[0].quantization == "awq"


def test_nested_folders_are_named_by_their_way(tmp_path: Path) -> None:
    """Two models of one name in two folders can be told apart."""
    model(tmp_path / "org" / "one")
    model(tmp_path / "org" / "two")
    assert [found.name for found in list_local_models([tmp_path])] == ["org/one", "org/two"]


def test_what_is_no_model_is_passed_over(tmp_path: Path) -> None:
    """Broken downloads and foreign files are no models and no errors."""
    (model(tmp_path / "broken") / "model.safetensors").write_bytes(b"x")
    (model(tmp_path / "no-config") / "config.json").unlink()
    (model(tmp_path / "no-weights") / "model.safetensors").unlink()
    (model(tmp_path / "not-json") / "config.json").write_text("{")
    dangling = model(tmp_path / "dangling") / "model.safetensors"
    dangling.unlink()
    dangling.symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    found = {one.name: one.parameters for one in list_local_models([tmp_path, tmp_path / "none"])}
    assert found == {"broken": None}


def test_the_usual_folders_follow_hugging_faces_variables(tmp_path: Path) -> None:
    """HF_HUB_CACHE goes before HF_HOME, which goes before the default."""
    paths = Paths(tmp_path)
    both = {"HF_HUB_CACHE": "/hub", "HF_HOME": "/hf"}
    assert model_folders(paths, both) == (tmp_path / "models", Path("/hub"))
    assert model_folders(paths, {"HF_HOME": "/hf"})[1] == Path("/hf/hub")
    assert model_folders(paths, {})[1] == Path.home() / ".cache" / "huggingface" / "hub"
