"""One night: a studio is started, the plan is carried out, and everything is written down."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec

from tests.chaos import models
from tests.chaos.actions import (
    Action,
    Ask,
    CancelChange,
    CancelRequest,
    EditRecipe,
    Evict,
    Fault,
    Switch,
)
from tests.chaos.collecting import collected
from tests.chaos.disk import small_disk
from tests.chaos.history import Client, History
from tests.chaos.invariants import check
from tests.chaos.plan import faults_of, plan
from tests.chaos.world import WAIT_BOUND_S, World
from tests.harness.studio import ROOT

GIVE_UP_S = WAIT_BOUND_S + 60.0
READY_S = 120.0
BLOCKED = ("start-blocked",)  # left alone for a moment after failing again and again
ARTIFACTS = ROOT / "artifacts"


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """How it went."""

    history: History
    wrong: dict[str, list[str]]  # invariant → what was wrong
    folder: Path  # trace, history, and the logs when something was wrong
    seconds: float


def night(seed: int, seconds: float) -> Night:
    """Live through the plan of this seed."""
    began = time.monotonic()
    folder = ARTIFACTS / f"chaos-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    actions = plan(seed, seconds)
    with small_disk() as disk, tempfile.TemporaryDirectory(prefix="chaos-registry-") as other:
        world = World(disk, Path(other) / "registry", give_up_s=GIVE_UP_S)
        wrong: dict[str, list[str]] = {}
        try:
            world.begin()
            with (folder / "trace.jsonl").open("ab") as trace:
                wrong["the_morning_after"] = asyncio.run(_live(world, actions, Trace(trace)))
            world.quit()
            history = collected(world)
        except BaseException:
            keep(disk.home, folder)
            raise
        finally:
            world.close()
        wrong |= check(history)
        wrong["every_quit_is_clean"] = [f"exit {code}" for code in world.quit_codes if code]
        wrong = {name: found for name, found in wrong.items() if found}
        (folder / "history.json").write_bytes(msgspec.json.format(msgspec.json.encode(history)))
        if wrong:
            keep(disk.home, folder)
    return Night(history=history, wrong=wrong, folder=folder, seconds=time.monotonic() - began)


class Trace:
    """One line for each thing done: when it was meant to be, when it was, and what came of it."""

    def __init__(self, file: object) -> None:
        self._file = file
        self._began = time.time()

    def tell(self, action: Action, at: float, result: str) -> None:
        """Add a line."""
        line = {"began": round(at - self._began, 3), "action": action, "result": result}
        self._file.write(msgspec.json.encode(line) + b"\n")  # type: ignore[attr-defined]


async def _live(world: World, actions: Sequence[Action], trace: Trace) -> list[str]:
    """Three hands: clients, a person, and misfortune, which does one exclusive thing at a time.

    Then the morning; what does not work then.
    """
    people = [a for a in actions if not isinstance(a, (Ask, Fault))]
    asks = [a for a in actions if isinstance(a, Ask)]
    began = time.monotonic()

    async def until(at: float) -> None:
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))

    async def ask_all() -> None:
        for ask in asks:
            await until(ask.at)
            world.clients.ask(ask)

    async def command_all() -> None:
        for action in people:
            await until(action.at)
            assert isinstance(action, Switch | Evict | CancelChange | CancelRequest | EditRecipe)
            at = time.time()
            trace.tell(action, at, await world.command(action))

    async def befall_all() -> None:
        async with asyncio.TaskGroup() as beside:
            for fault in faults_of(actions):
                await until(fault.at)
                task = beside.create_task(befall(fault))
                if fault.exclusive:
                    await task

    async def befall(fault: Fault) -> None:
        at = time.time()
        trace.tell(fault, at, await world.befall(fault))

    async with asyncio.TaskGroup() as hands:
        hands.create_task(ask_all())
        hands.create_task(command_all())
        hands.create_task(befall_all())
    await world.clients.all_ended()
    wrong = await morning(world, len(asks) + 1)
    await world.clients.close()
    return wrong


async def morning(world: World, number: int) -> list[str]:
    """When all is quiet again everything works, without anybody's help."""
    wrong = []
    for model in models.MODELS:
        await world.command(EditRecipe(at=0, model=model, variant=models.SOUND))
        async with asyncio.timeout(120):
            while (got := await _asked(world, model, number)).code in BLOCKED:
                number += 1
                await asyncio.sleep(1)
        number += 1
        if got.ending != "answered":
            wrong.append(f"{model} was {got.ending}: {got.status} {got.error}")
    if problem := await asyncio.to_thread(_not_ready, world.studio.url):
        wrong.append(f"/health/ready: {problem}")
    return wrong


def _not_ready(url: str) -> str:
    """What it says in the end; a gateway that was killed last comes back while engines answer."""
    end = time.monotonic() + READY_S
    while True:
        deep = httpx.get(f"{url}/health/ready", timeout=30)
        if deep.status_code == 200:
            return ""
        if time.monotonic() > end:
            return f"{deep.status_code} {deep.text[:300]}"
        time.sleep(0.5)


async def _asked(world: World, model: str, number: int) -> Client:
    return await world.clients.ask(Ask(at=0, number=number, model=model, stream=True, tokens=3))


def keep(home: Path, folder: Path) -> None:
    """What a person needs to see what went wrong."""
    for part in ("main.db", "main.db-wal", "serve.out", "logs"):
        source = home / part
        if source.is_dir():
            shutil.copytree(source, folder / part, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, folder / part)
    for book in home.glob("usage-*"):
        shutil.copy2(book, folder / book.name)
