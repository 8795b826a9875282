"""A real engine with the demo model, started as the product starts it, and asked over HTTP."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from core.engines import transformers, vllm
from core.engines.launch_spec import LaunchSpec
from core.models.demo import demo_recipes
from core.recipes.recipe import Recipe
from core.settings import load_settings
from tests.harness import processes, runtimes
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

Kind = Literal["transformers", "vllm-cpu"]
BUILDERS = {"transformers": ("demo", transformers.build), "vllm-cpu": ("demo-vllm", vllm.build)}
READY_S = 480.0  # two shared cores may be very busy


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the engine, whichever name it has for thoughts."""

    content: str
    thought: str
    tool_calls: list[tuple[str, dict[str, Any]]]
    finish_reason: str


class Engine:
    """A running engine that serves the demo model: of which kind, and its process group."""

    def __init__(self, kind: Kind, recipe: Recipe, spec: LaunchSpec, port: int, group: int) -> None:
        self.kind, self.recipe, self.group = kind, recipe, group
        self._model = spec.model_name
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def healthy(self) -> bool:
        """Whether it says that it is ready."""
        try:
            return self._http.get("/health").is_success
        except httpx.TransportError:
            return False

    def ask(self, *messages: dict[str, Any] | str, **options: Any) -> Answer:
        """The answer to a chat; text stands for a user's message."""
        response = self._http.post("/v1/chat/completions", json=self._body(messages, options))
        assert response.is_success, response.text
        choice = response.json()["choices"][0]
        message = choice["message"]
        calls = [call["function"] for call in message.get("tool_calls") or []]
        return Answer(
            content=(message.get("content") or "").strip("\n"),
            thought=(message.get("reasoning") or message.get("reasoning_content") or "").strip(),
            tool_calls=[(call["name"], json.loads(call["arguments"])) for call in calls],
            finish_reason=choice["finish_reason"],
        )

    def stream(self, *messages: dict[str, Any] | str) -> list[str]:
        """The pieces of an answer's content, as they came."""
        pieces = []
        body = self._body(messages, {"stream": True})
        with self._http.stream("POST", "/v1/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if not line.startswith("data: {"):
                    continue
                for choice in json.loads(line.removeprefix("data: "))["choices"]:
                    if text := choice["delta"].get("content"):
                        pieces.append(text)
        return pieces

    def _body(
        self, messages: tuple[dict[str, Any] | str, ...], options: dict[str, Any]
    ) -> dict[str, Any]:
        chat = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
        return {"model": self._model, "messages": chat, "max_tokens": 400, **options}


@contextlib.contextmanager
def running(kind: Kind, home: Path) -> Iterator[Engine]:
    """Start the demo recipe of this engine, wait until it is ready, and end its whole group."""
    runtime = runtimes.installed(kind)
    settings = load_settings({"VLLM_STUDIO_HOME": str(home)})
    settings.paths.create()
    recipe_id, build = BUILDERS[kind]
    recipe = next(r for r in demo_recipes(settings) if r.id == recipe_id)
    port = free_port()
    spec = build(
        recipe, runtime=runtime, port=port, api_key=None, paths=settings.paths, env=os.environ
    )
    spec.cwd.mkdir(parents=True, exist_ok=True)
    log = home / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            spec.argv,
            env=dict(spec.env),
            cwd=spec.cwd,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    processes.own(process.pid)
    engine = Engine(kind, recipe, spec, port, process.pid)
    try:
        eventually(lambda: _ready(engine, process, log), within=READY_S, what=f"{kind} is ready")
        yield engine
    finally:
        engine.close()
        _end(process)
        processes.disown(process.pid)


def _ready(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether it answers; an error with the end of its log when it has died."""
    assert process.poll() is None, log.read_text(errors="replace")[-3000:]
    return engine.healthy()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
