"""Who is measured at showing a long answer: the window's chat, and streamdown on a page of its own.

Both are told the same pieces by the same clock, as the studio tells a window: thirty times a second
what grew in between. The window stands over the stand-in, so that no engine takes a processor.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from litestar import Litestar, Response, get
from litestar.params import FromQuery
from litestar.response import Stream

from tests.benchmarks.long_answer import long_answer, pieces
from tests.harness.ports import free_port
from tests.harness.studio import ROOT
from tests.harness.waiting import eventually
from tests.webui import answers, fake_backend
from tests.webui.fake_studio import FakeStudio

HERE = Path(__file__).parent / "streamdown"
PACE_S = 1 / 30
QUESTION = "Tell me all of it"
Json = dict[str, Any]


def messages(count: int) -> list[Json]:
    """A conversation of so many messages, each a few hundred characters with marks in them."""
    sections = long_answer(3000).split("\n\n")
    return [
        {
            "id": f"m{n}",
            "role": "assistant" if n % 2 else "user",
            "text": _said(n, sections),
        }
        for n in range(count)
    ]


def _said(number: int, sections: list[str]) -> str:
    one, other = (sections[(number + step) % len(sections)] for step in (0, 3))
    if number % 2:
        return f"Answer {number}.\n\n{one}\n\n{other}"
    return f"Question {number}: {one[:120]}"


def streamdown_built() -> Path:
    """Its page, installed and built by the window's own Vite when it is first wanted."""
    sys.path.insert(0, str(ROOT / "installers"))
    npm, env = import_module("hatch_build").npm_command()
    environment = {**os.environ, **env}
    if not (HERE / "node_modules").is_dir():
        subprocess.run([*npm, "ci"], cwd=HERE, env=environment, check=True, stdout=sys.stderr)
    vite = ROOT / "webui" / "node_modules" / "vite" / "bin" / "vite.js"
    built = HERE / "dist" / "index.html"
    newest = max(path.stat().st_mtime for path in HERE.glob("*.*"))
    if not built.is_file() or built.stat().st_mtime < newest:
        command = [npm[0], str(vite), "build", "--config", "vite.config.js"]
        subprocess.run(command, cwd=HERE, env=environment, check=True, stdout=sys.stderr)
    return built.parent


def streamdown_app(text: str, rate: float) -> Litestar:
    """Its page, what it follows, and what it opens."""
    dist = streamdown_built()
    types = fake_backend.TYPES
    parts = pieces(text)

    async def told() -> AsyncGenerator[str, None]:
        began, seen = time.monotonic(), 0
        while seen < len(parts):
            due = min(len(parts), int((time.monotonic() - began) * rate) + 1)
            yield f"data: {json.dumps({'text': ''.join(parts[seen:due])})}\n\n"
            seen = due
            await asyncio.sleep(PACE_S)

    @get("/answer", sync_to_thread=False)
    def answer() -> Stream:
        return Stream(told(), media_type="text/event-stream")

    @get("/conversation", sync_to_thread=False)
    def conversation(count: FromQuery[int] = 0) -> list[Json]:
        return messages(count)

    @get(["/", "/{path:path}"], sync_to_thread=False)
    def file(path: Path | None = None) -> Response[bytes]:
        wanted = (dist / str(path or "index.html").lstrip("/")).resolve()
        if not wanted.is_file() or not wanted.is_relative_to(dist):
            return Response(b"", status_code=404, media_type="text/plain")
        return Response(wanted.read_bytes(), media_type=types.get(wanted.suffix, "text/plain"))

    return Litestar([answer, conversation, file])


def window_app(text: str, rate: float) -> Litestar:
    """The window over the stand-in, which knows the answer."""
    answers.SAID[QUESTION] = pieces(text)
    answers.PAUSE_S = 1 / rate
    return fake_backend.make_app(FakeStudio("busy"))


def write_conversation(url: str, title: str, count: int) -> None:
    """Let the stand-in have had a long conversation."""
    body = {"title": title, "messages": messages(count)}
    httpx.post(f"{url}/_fake/conversations", json=body, timeout=60).raise_for_status()


@contextmanager
def served(app: Litestar) -> Iterator[str]:
    """Its address."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started, within=20, what="it serves")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
