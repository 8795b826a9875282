"""The studio that has the bad night, and the hands that make it so."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import assert_never

import httpx
import psutil

from tests.chaos import models, registry
from tests.chaos.actions import (
    CancelChange,
    CancelRequest,
    EditRecipe,
    Evict,
    Fault,
    FillDisk,
    Freeze,
    KillApp,
    KillEngine,
    KillEngineChild,
    KillGateway,
    RestartApp,
    StealPorts,
    Switch,
)
from tests.chaos.clients import Clients
from tests.chaos.disk import Disk
from tests.chaos.history import Life, Window
from tests.chaos.strangers import Stranger
from tests.harness import runtimes
from tests.harness.ports import is_listening
from tests.harness.studio import StudioServer

WAIT_BOUND_S = 40.0
SETTINGS = {
    "VLLM_STUDIO_MAX_RESIDENT": str(models.BUDGET),
    "VLLM_STUDIO_ADMISSION_TIMEOUT_S": str(WAIT_BOUND_S),
    "VLLM_STUDIO_DRAIN_TIMEOUT_S": "15",
    "VLLM_STUDIO_START_BACKOFF_S": "3",
    "VLLM_STUDIO_GATEWAY_RESTART_LIMIT": "1000",
}
COMMAND_S = 30.0
WITNESS = Path(__file__).with_name("witness.py")

Command = Switch | Evict | CancelChange | CancelRequest | EditRecipe


class World:
    """One studio in a home of its own, with everything that is done to it."""

    def __init__(self, disk: Disk, registry_path: Path, *, give_up_s: float) -> None:
        self.disk = disk
        self.registry = registry_path
        self.studio = StudioServer(disk.home, SETTINGS)
        self.clients = Clients(self.studio.v1, give_up_s=give_up_s)
        self.down: list[Window] = []
        self.quitting: list[Window] = []
        self.full: list[Window] = []
        self.frozen: list[Window] = []
        self.strangers: list[Stranger] = []
        self.quit_codes: list[int] = []
        self._witness: subprocess.Popen[bytes] | None = None

    # ---- its life -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start it, with four sound recipes."""
        runtimes.link(self.disk.home, ["litellm"])
        self._witness = subprocess.Popen(
            [sys.executable, str(WITNESS), str(self.registry)], stdin=subprocess.PIPE
        )
        self.studio.start()
        self.studio.wait_for_gateway()
        for model in models.MODELS:
            self.studio.add(models.recipe(model, models.SOUND, self.registry))

    def quit(self) -> None:
        """The last one; everything stops."""
        with self._during(self.quitting):
            self.studio.ask_to_quit()
            self.quit_codes.append(self.studio.wait(within=60))

    def close(self) -> None:
        """Whatever is left of it."""
        for stranger in self.strangers:
            stranger.close()
        self.studio.close()
        if self._witness is not None and self._witness.stdin is not None:
            self._witness.stdin.close()
            self._witness.wait(10)

    # ---- what a person does ---------------------------------------------------------------------

    async def command(self, command: Command) -> str:
        """Carry it out over HTTP; how it was answered."""
        try:
            answer = await asyncio.to_thread(self._send, command)
        except (httpx.TransportError, OSError) as error:
            return f"not reached: {error!r}"
        return (
            f"{answer.status_code} {answer.text[:200]}" if answer is not None else "nothing there"
        )

    def _send(self, command: Command) -> httpx.Response | None:
        match command:
            case Switch(target=target, force=force):
                return self._post("/api/switch", {"target": target, "force": force})
            case Evict(target=target, force=force):
                return self._post("/api/evict", {"target": target, "force": force})
            case CancelChange(target=target):
                return self._post("/api/cancel", {"target": target})
            case CancelRequest():
                oldest = min(self.clients.running.items(), key=lambda one: one[1], default=None)
                return self._post("/api/cancel", {"request_id": oldest[0]}) if oldest else None
            case EditRecipe(model=model, variant=variant):
                recipe = models.recipe(model, variant, self.registry)
                return self._put(f"/api/recipes/{model}", recipe)
            case _:
                assert_never(command)

    def _post(self, path: str, body: object) -> httpx.Response:
        headers = self.studio.owner()
        return httpx.post(self.studio.url + path, json=body, headers=headers, timeout=COMMAND_S)

    def _put(self, path: str, body: object) -> httpx.Response:
        headers = self.studio.owner()
        return httpx.put(self.studio.url + path, json=body, headers=headers, timeout=COMMAND_S)

    # ---- what befalls it ------------------------------------------------------------------------

    async def befall(self, fault: Fault) -> str:
        """Do it, and undo what has to be undone; what was hit."""
        match fault:
            case KillEngine(pick=pick):
                return self._kill(self._engine(pick))
            case KillEngineChild(pick=pick):
                return self._kill_child(self._engine(pick))
            case KillGateway():
                return await asyncio.to_thread(self._kill_gateway)
            case KillApp(down=seconds):
                return await self._kill_app(seconds)
            case RestartApp(leave_engines=leave):
                return await asyncio.to_thread(self._restart, leave)
            case Freeze(pick=pick, seconds=seconds):
                return await self._freeze(self._engine(pick), seconds)
            case StealPorts(seconds=seconds):
                return await self._steal_ports(seconds)
            case FillDisk(seconds=seconds):
                return await self._fill_disk(seconds)
            case _:
                raise AssertionError(f"nobody knows how to {fault}")

    def _engine(self, pick: int) -> Life | None:
        alive = registry.running(self.registry)
        return alive[pick % len(alive)] if alive else None

    def _kill(self, engine: Life | None) -> str:
        if engine is None:
            return "nothing ran"
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine.pid, signal.SIGKILL)
        return f"{engine.model} {engine.pid}"

    def _kill_child(self, engine: Life | None) -> str:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(engine.pid).children() if engine else ():
                child.kill()
                return f"{child.pid}, child of {engine.model if engine else ''}"
        return "nothing ran"

    def _kill_gateway(self) -> str:
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            pid = self.studio.status()["gateway"]["pid"]
            if pid:
                os.kill(pid, signal.SIGKILL)
                return f"LiteLLM {pid}"
        return "nothing ran"

    async def _kill_app(self, seconds: float) -> str:
        with self._during(self.down):
            self.studio.kill()
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.studio.start)
        return "restarted"

    def _restart(self, leave_engines: bool) -> str:
        with self._during(self.quitting):
            self.studio.post("/api/quit", {"leave_engines": leave_engines})
            code = self.studio.wait(within=60)
            self.quit_codes.append(code)
            self.studio.start()
        return f"exit code {code}"

    async def _freeze(self, engine: Life | None, seconds: float) -> str:
        if engine is None:
            return "nothing ran"
        with self._during(self.frozen), contextlib.suppress(ProcessLookupError):
            os.kill(engine.pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            os.kill(engine.pid, signal.SIGCONT)
        return f"{engine.model} {engine.pid}"

    async def _steal_ports(self, seconds: float) -> str:
        ports = await asyncio.to_thread(self._wanted_ports)
        mine = []
        for port in ports:
            with contextlib.suppress(OSError):
                mine.append(Stranger(port))
        self.strangers += mine
        await asyncio.sleep(seconds)
        for stranger in mine:
            stranger.close()
        return f"ports {[stranger.port for stranger in mine]}"

    def _wanted_ports(self) -> list[int]:
        """Those of engines that have not bound theirs yet, and the next one that will be given."""
        loading: list[int] = []
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            engines = self.studio.engines().values()
            loading = [one["port"] for one in engines if one["state"] in ("starting", "loading")]
        following = range(self.studio.inference_port, self.studio.inference_port + 50)
        return [*loading, next(p for p in following if p not in loading and not is_listening(p))]

    async def _fill_disk(self, seconds: float) -> str:
        process = self.studio.process
        assert process is not None
        with self._during(self.full):
            await asyncio.to_thread(self.disk.fill, process.pid)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.disk.free, process.pid)
        return type(self.disk).__name__

    @contextmanager
    def _during(self, windows: list[Window]) -> Iterator[None]:
        began = time.time()
        try:
            yield
        finally:
            windows.append(Window(began=began, ended=time.time()))
