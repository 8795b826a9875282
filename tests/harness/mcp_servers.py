"""MCP servers that others wrote, installed once per machine; and one over HTTP.

They lie in ~/.cache/vllm-studio-tests/mcp, pinned: those from PyPI with everything they need
(mcp_servers.txt), the one from npm by its version. Another pin is another folder.
"""

import asyncio
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import uv

from tests.harness.ports import free_port
from tests.harness.runtimes import CACHE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BAD = HERE / "bad_mcp_server.py"
PINS = HERE / "mcp_servers.txt"
FILESYSTEM = "@modelcontextprotocol/server-filesystem@2026.8.31"


def bad(*wishes: str, name: str = "bad", **more: Any) -> dict[str, Any]:
    """The one that misbehaves, as it is saved over the API."""
    return {
        "transport": "stdio",
        "command": sys.executable,
        "args": [str(BAD), *wishes, f"--name={name}"],
        **more,
    }


def python_server(module: str) -> tuple[str, ...]:
    """The command of a reference server from PyPI, such as `mcp_server_time`."""
    mark = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = _ready(f"python-{mark}", _install_python)
    return str(folder / "bin" / "python"), "-m", module


def filesystem_server(*roots: Path) -> tuple[str, ...]:
    """The command of the reference server for files, which is a program for Node."""
    mark = hashlib.sha256(FILESYSTEM.encode()).hexdigest()[:12]
    folder = _ready(f"node-{mark}", _install_node)
    npm, _ = _npm()
    script = folder / "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"
    return npm[0], str(script), *map(str, roots)


def sums(**more: Any) -> Any:
    """A server made with the SDK; `more` is its own."""
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("sums", version="1.2.3", instructions="Adds.", **more)

    @server.tool()
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    inside = asyncio.Barrier(4)

    @server.tool()
    async def meet() -> str:
        """Answer when four calls are under way."""
        await inside.wait()
        return "met"

    @server.tool()
    async def wait(seconds: float) -> str:
        """Answer late."""
        await asyncio.sleep(seconds)
        return "waited"

    @server.tool()
    def long(megabytes: int) -> str:
        """Answer at length."""
        return "y" * megabytes * 1_000_000

    @server.resource("notes://today", title="Today", mime_type="text/plain")
    def today() -> str:
        return "Nothing happened."

    @server.prompt()
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"Say hello to {name}."

    return server


@contextmanager
def http_server(
    token: str = "", *, port: int | None = None, path: str = "/mcp", **more: Any
) -> Iterator[str]:
    """A server made with the SDK, over streamable HTTP: its address.

    Who does not bring the `token`, where there is one, is refused. `more` is the SDK's own.
    """
    port = port or free_port()
    app = _guarded(sums().streamable_http_app(streamable_http_path=path, **more), token)
    with listening(app, port):
        yield f"http://127.0.0.1:{port}{path}"


@contextmanager
def listening(app: Any, port: int) -> Iterator[None]:
    """An ASGI application that answers on loopback, in a thread."""
    import uvicorn

    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive(), "the MCP server over HTTP did not start"
            threading.Event().wait(0.01)
        yield
    finally:
        running.should_exit = running.force_exit = True
        thread.join(10)


def _guarded(app: Any, token: str) -> Any:
    """Who does not bring the token is answered with 401."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if scope["type"] == "http" and token and sent != f"Bearer {token}":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"who are you?"})
            return
        await app(scope, receive, send)

    return guard


def _ready(name: str, install: Any) -> Path:
    folder = CACHE / "mcp" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            install(folder)
            (folder / "ready").touch()
    return folder


def _install_python(folder: Path) -> None:
    program = uv.find_uv_bin()
    _run(program, "venv", "--clear", "--python", sys.executable, str(folder))
    python = str(folder / "bin" / "python")
    _run(program, "pip", "install", "--compile-bytecode", "--python", python, "-r", str(PINS))


def _install_node(folder: Path) -> None:
    npm, env = _npm()
    folder.mkdir(exist_ok=True)
    _run(*npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), FILESYSTEM, env=env)


def _npm() -> tuple[list[str], dict[str, str]]:
    """As installers/npm.py finds it."""
    sys.path.insert(0, str(ROOT / "installers"))
    try:
        npm, env = import_module("hatch_build").npm_command()
    finally:
        sys.path.pop(0)
    return list(npm), dict(env)


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        env=env or dict(os.environ),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
