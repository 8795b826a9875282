"""One LiteLLM, as the gateway starts it, with sim engines behind it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.gateway import litellm_config
from core.gateway.litellm_process import PLUGIN_SOURCE
from core.offers.provider import OfferedModel, Provider, RemoteModel
from core.recipes.recipe import Price, Recipe
from tests.core.gateway.test_litellm_config import Ready
from tests.harness import runtimes
from tests.harness.ports import free_port
from tests.harness.sim import SIM_ENGINE, answers_seen_by, turn_knobs
from tests.harness.waiting import eventually

HERE = Path(__file__).parent
MASTER, INTERNAL, ENGINE, PROVIDER = "sk-master", "sk-internal", "sk-engine", "sk-provider-secret"
START_S = 180.0
CALM: dict[str, object] = {"tokens": 5, "tokens_per_second": 0, "fail_status": None}
ODD = {"id": "c", "created": 1, "model": "inner"}
REPEATS = 150  # more often than LiteLLM lets a stream repeat itself by default

# Runs in LiteLLM's interpreter before anything else does, and writes down whom it asks for.
WITNESS = """
import asyncio, os, sys, types
def told(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        there = args[1] if event == "socket.connect" else args
        host = there[0] if isinstance(there, tuple) else there
        if str(host) not in ("127.0.0.1", "::1", "localhost", "None", "0.0.0.0", "::", ""):
            with open(os.environ["WITNESS_FILE"], "a") as file:
                file.write(f"{event} {there}\\n")
sys.addaudithook(told)
loop = types.ModuleType("uvloop")  # the real one's connections are not Python's: no audit event
loop.new_event_loop, loop.Loop = asyncio.new_event_loop, asyncio.SelectorEventLoop
loop.EventLoopPolicy, loop.install = asyncio.DefaultEventLoopPolicy, lambda: None
sys.modules["uvloop"] = loop
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it is real."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


class Lite:
    """A LiteLLM that answers, and what stands behind it."""

    def __init__(self, port: int, engine: int, anthropic: int, folder: Path) -> None:
        self.port, self.engine, self.anthropic, self.folder = port, engine, anthropic, folder
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=120, trust_env=False)
        self.http.headers["authorization"] = f"Bearer {INTERNAL}"
        self.odd_port = 0
        self._reports: list[dict[str, Any]] = []

    def ask(
        self, model: str = "public", path: str = "/v1/chat/completions", **fields: Any
    ) -> httpx.Response:
        """One request, read to the end."""
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}
        return self.http.post(path, json=body)

    def put(self, *engines: tuple[Recipe, Ready], remote: list[tuple[RemoteModel, str]]) -> None:
        """Replace the routing, as the gateway does."""
        routing = litellm_config.routing(engines, remote=remote)
        headers = {"authorization": f"Bearer {MASTER}"}
        answer = self.http.put("/_studio/routing", json=routing, headers=headers)
        answer.raise_for_status()

    def put_all(self) -> None:
        """What every test finds."""
        price = Price(input_per_million=1e6, output_per_million=2e6)
        served = Recipe(id="r", served_name="public", aliases=("alias",), price=price)
        odd = Recipe(id="odd")
        self.put(
            (served, Ready(engine_id="e", port=self.engine)),
            (odd, Ready(engine_id="odd", port=self.odd_port)),
            remote=self.remote(),
        )

    def remote(self, key: str = PROVIDER) -> list[tuple[RemoteModel, str]]:
        """Models of an OpenAI, of a server that is like it, and of an Anthropic."""
        inner = (OfferedModel(model="inner"),)
        here, there = f"http://127.0.0.1:{self.engine}", f"http://127.0.0.1:{self.anthropic}"
        providers = (
            Provider(id="openai", kind="openai", models=inner, api_base=f"{here}/v1"),
            Provider(id="like", kind="openai-compatible", models=inner, api_base=f"{here}/v1"),
            Provider(id="anthropic", kind="anthropic", models=inner, api_base=there),
        )
        keys = {"openai": ENGINE, "like": ENGINE, "anthropic": PROVIDER}
        if key != PROVIDER:
            keys = dict.fromkeys(keys, key)
        return [(model, keys[p.id]) for p in providers for model in p.remote_models]

    def seen(self) -> list[dict[str, Any]]:
        """What the engine was asked, oldest first."""
        return answers_seen_by(self.engine)

    def report(self, request_id: str) -> dict[str, Any]:
        """The only report of a request; more than one is a failure."""
        eventually(lambda: self._reported(request_id), within=30, what="it is reported")
        turn_knobs(self.engine, **CALM)
        after = self.ask().headers["x-litellm-call-id"]  # whatever came twice comes before this
        eventually(lambda: self._reported(after), within=30, what="the next is reported")
        (only,) = self._reported(request_id) or []
        return only

    def follow(self) -> None:
        """Collect reports until LiteLLM ends."""
        headers = {"authorization": f"Bearer {MASTER}"}
        with (
            contextlib.suppress(httpx.TransportError),
            httpx.stream("GET", f"{self.url}/_studio/usage", headers=headers, timeout=None) as told,
        ):
            for line in filter(None, told.iter_lines()):
                self._reports.append(json.loads(line))

    def _reported(self, request_id: str) -> list[dict[str, Any]] | None:
        return [one for one in self._reports if one["request_id"] == request_id] or None


@pytest.fixture(scope="package")
def started(litellm_runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lite]:
    """The one of this folder."""
    folder = tmp_path_factory.mktemp("litellm")
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(_sim("--api-key", ENGINE))
        lite = Lite(free_port(), engine, stack.enter_context(_sim()), folder)
        lite.odd_port = stack.enter_context(_odd())
        stack.enter_context(_litellm(lite))
        threading.Thread(target=lite.follow, daemon=True).start()
        yield lite
        lite.http.close()


@pytest.fixture
def lite(started: Lite) -> Lite:
    """With the whole routing, and engines that saw nothing yet."""
    started.put_all()
    for port in (started.engine, started.anthropic):
        httpx.delete(f"http://127.0.0.1:{port}/_sim/requests")
        turn_knobs(port, **CALM)
    return started


@contextlib.contextmanager
def _litellm(lite: Lite) -> Iterator[None]:
    config, plugins = lite.folder / "config.yaml", lite.folder / "plugin"
    witness = lite.folder / "witness"
    for made in (plugins, witness):
        made.mkdir()
    config.write_text(litellm_config.config_text())
    (plugins / f"{litellm_config.PLUGIN}.py").write_bytes(PLUGIN_SOURCE.read_bytes())
    (witness / "sitecustomize.py").write_text(WITNESS)
    environment = litellm_config.environment(
        os.environ, home=lite.folder, master_key=MASTER, internal_key=INTERNAL
    ) | {
        "VLLM_STUDIO_NONCE": "nonce",
        "PYTHONPATH": str(witness),
        "WITNESS_FILE": str(lite.folder / "asked-for"),
    }
    python = runtimes.installed("litellm").python
    with (lite.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            litellm_config.argv(python, config, lite.port),
            env=environment,
            cwd=plugins,
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: _is_up(lite, process), within=START_S, what="LiteLLM answers")
            yield
        finally:
            process.kill()
            process.wait()


def _is_up(lite: Lite, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, (lite.folder / "log").read_text()[-2000:]
    with contextlib.suppress(httpx.TransportError):
        headers = {"authorization": f"Bearer {MASTER}"}
        return lite.http.get("/_studio/whoami", headers=headers).status_code == 200
    return False


@contextlib.contextmanager
def _sim(*knobs: str) -> Iterator[int]:
    port = free_port()
    program = [sys.executable, str(SIM_ENGINE), "--port", str(port), "--quiet"]
    names = ["--served-model-name", "inner"]
    process = subprocess.Popen([*program, *names, *knobs], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(port), within=30, what="the sim engine answers")
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).status_code == 200
    return False


class Odd(BaseHTTPRequestHandler):
    """An engine that says the same thing again and again, and counts who comes in."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        """A new connection."""
        type(self).connections += 1
        super().setup()

    def do_POST(self) -> None:
        """A stream of equal chunks, or one whole answer on a connection that stays."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self._stream() if asked.get("stream") else self._whole()

    def _whole(self) -> None:
        message = {"role": "assistant", "content": "again"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        data = json.dumps({**ODD, "object": "chat.completion", "choices": [choice]}).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for content in [*["again "] * REPEATS, None]:
            delta = {} if content is None else {"content": content}
            end = "stop" if content is None else None
            choice = {"index": 0, "delta": delta, "finish_reason": end}
            chunk = {**ODD, "object": "chat.completion.chunk", "choices": [choice]}
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextlib.contextmanager
def _odd() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
