"""Real engines with the demo model, started cold or warm the way the fleet does it."""

import asyncio
import os
import time
from pathlib import Path
from uuid import uuid4

import msgspec

from core.engines import transformers, vllm
from core.engines.health import look
from core.engines.launch_spec import LaunchSpec
from core.engines.loopback import ask
from core.engines.processes.posix import PosixChild, PosixLauncher
from core.engines.warm import Spares, WarmLauncher
from core.engines.warm.spares import QUIET_LOOKS
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths
from tests.harness.ports import free_port

MODEL = Path(__file__).parents[4] / "core" / "models" / "demo_model"
RECIPES = {
    "vllm-cpu": Recipe(
        id="demo", model=str(MODEL), engine="vllm", context_length=512, enforce_eager=True
    ),
    "transformers": Recipe(id="demo", model=str(MODEL), engine="transformers"),
}
BUILD = {"vllm-cpu": vllm.build, "transformers": transformers.build}


class Started(msgspec.Struct, kw_only=True):
    """One start of a real engine."""

    child: PosixChild
    spec: LaunchSpec
    port: int
    log_path: Path
    began: float
    healthy_s: float = 0.0
    token_s: float = 0.0
    answer: str = ""
    said: str = ""  # its log by then


class RealEngines:
    """One runtime in a folder; `start` is cold or warm by whether a spare is ready."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self._kind = runtime.kind
        self._runtime = runtime
        self._paths = Paths(folder)
        self._folder = folder
        self.cold = PosixLauncher()
        self.spares = Spares(
            folder=folder / "warm",
            enabled=lambda: self.keeping,
            idle=lambda: True,
        )
        self.warm = WarmLauncher(self.cold, self.spares)
        self.keeping = True
        self.started: list[Started] = []

    async def make_spare(self) -> None:
        """Have one ready for the next start; nothing when there was no start yet."""
        for _ in range(QUIET_LOOKS):
            await self.spares.look()

    async def start(self, *, warm: bool = True) -> Started:
        """Launch it and return when it has answered one request."""
        port = free_port()
        spec = BUILD[self._kind](
            RECIPES[self._kind],
            runtime=self._runtime,
            port=port,
            api_key="k",
            paths=self._paths,
            env=os.environ,
        )
        spec.cwd.mkdir(parents=True, exist_ok=True)
        log_path, began = self._folder / f"{uuid4().hex}.log", time.monotonic()
        child = await (self.warm if warm else self.cold).launch(
            spec.argv, env=spec.env, cwd=spec.cwd, log_path=log_path, nonce=uuid4().hex
        )
        assert isinstance(child, PosixChild)
        started = Started(child=child, spec=spec, port=port, log_path=log_path, began=began)
        self.started.append(started)
        await self._answered(started)
        return started

    async def _answered(self, started: Started) -> None:
        spec, child = started.spec, started.child
        while not (await look(spec, started.port, child.listens_on)).ready:
            assert child.alive(), started.log_path.read_text()[-3000:]
            await asyncio.sleep(0.1)
        started.healthy_s = time.monotonic() - started.began
        question = {
            "model": spec.model_name,
            "messages": [{"role": "user", "content": "Count to ten."}],
            "max_tokens": 24,
            "temperature": 0,
        }
        answer = await ask(
            started.port,
            "/v1/chat/completions",
            timeout_s=120,
            key=spec.api_key,
            body=msgspec.json.encode(question),
        )
        assert answer is not None
        assert answer.ok, answer.body
        started.token_s = time.monotonic() - started.began
        started.said = started.log_path.read_text()
        started.answer = msgspec.json.decode(answer.body)["choices"][0]["message"]["content"]

    async def close(self) -> None:
        """End everything."""
        self.keeping = False
        await self.spares.look()
        for started in self.started:
            await started.child.stop(5)
