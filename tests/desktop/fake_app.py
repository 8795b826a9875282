"""A small real HTTP server with the studio's surface, for the terminal's tests.

It answers as /api does, keeps what it was asked, and tells its facts as server-sent events.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

TOKEN = "owner-token-of-the-test"

DEMO = {"id": "demo", "engine": "transformers", "model": "/models/demo"}
QWEN = {"id": "qwen", "model": "Qwen/Qwen3-8B", "context_length": 32768}

KEY = {
    "key_id": "0193a1b2c3d4-9f2c6a",
    "name": "laptop",
    "prefix": "sk-studio-abcdef",
    "state": "in force",
    "issued_at": 1_700_000_000_000_000,
    "issued_by": "cli",
    "expires_at": None,
    "revoked_at": None,
    "limits": {
        "scopes": ["inference"],
        "models": ["qwen"],
        "lanes": [],
        "preferred_lane": None,
        "requests_per_minute": 60,
        "tokens_per_minute": None,
        "parallel": None,
        "budget_day": 2.5,
        "budget_month": None,
    },
    "used": {
        "requests": 12,
        "tokens": 3400,
        "parallel": 1,
        "spent_day": 0.25,
        "spent_month": 1.5,
        "requests_reset_at": 1_700_000_030_000_000,
        "tokens_reset_at": 1_700_000_030_000_000,
        "day_reset_at": 1_700_006_400_000_000,
        "month_reset_at": 1_701_388_800_000_000,
    },
}


REQUEST = {
    "request_id": "0193a1b2-c3d4-7000-8000-000000000001",
    "finished_at": 1_700_000_000_000_000,
    "model": "qwen",
    "actor": "key:0193a1b2c3d4-9f2c6a",
    "key_name": "laptop",
    "lane": "direct",
    "outcome": "ok",
    "status": 200,
    "error_code": None,
    "cache": "",
    "prompt_tokens": 1200,
    "completion_tokens": 34,
    "ttft_ms": 41.4,
    "duration_ms": 900.0,
}
BODIES = {
    "request_id": REQUEST["request_id"],
    "request": {"encoding": "text", "data": '{"model": "qwen"}', "size": 17, "whole": True},
    "answer": {"encoding": "base64", "data": "AAAA", "size": 9, "whole": False},
}
RUNNING = {
    "request_id": "0193a1b2-c3d4-7000-8000-000000000002",
    "state": "waiting",
    "model": "demo",
    "actor": "api",
    "lane": "none",
    "since": 1_700_000_000_000_000,
}
_LATENCY = {"mean": 41.4, "p50": None, "p95": None, "p99": None}
_SUM = {
    "key_name": None, "requests": 2, "uncounted": 0, "prompt_tokens": 1234,
    "completion_tokens": 56, "cached_tokens": 0, "reasoning_tokens": 0, "saved_tokens": 0,
    "ttft": _LATENCY, "itl": _LATENCY, "duration": _LATENCY, "cost": 1.5, "energy_j": None,
    "energy_cost": None,
}  # fmt: skip
USAGE = {
    "by": ["key", "model"],
    "currency": "EUR",
    "rows": [
        {**_SUM, "group": {"key": KEY["key_id"], "model": "qwen"}, "key_name": "laptop"},
        {**_SUM, "group": {"key": "", "model": "demo"}, "cost": None},
    ],
    "total": {**_SUM, "group": {}, "requests": 4, "uncounted": 1},
    "unreadable": [],
}


def fact(position: int, kind: str, sentence: str, **data: Any) -> dict[str, Any]:
    """One event in the shape of /api/timeline."""
    return {
        "position": position,
        "recorded_at": 1_700_000_000_000_000 + position,
        "type": kind,
        "stream": "switching",
        "actor": "cli",
        "sentence": sentence,
        "correlation_id": None,
        "causation_id": None,
        "data": data,
    }


class FakeApp:
    """What it knows and what it was asked."""

    def __init__(self) -> None:
        self.recipes: dict[str, dict[str, Any]] = {"demo": {**DEMO}, "qwen": {**QWEN}}
        self.facts = [fact(1, "app-started", "vLLM Studio 0.1.0 started.")]
        self.asked: list[tuple[str, str, Any]] = []
        self.actors: list[str | None] = []
        self.queries: list[dict[str, str]] = []
        self.revisions: list[dict[str, Any]] = []  # of any recipe
        self.replaced: list[dict[str, Any]] = []  # logs in the place of others
        self.refuse: dict[str, tuple[int, dict[str, Any]]] = {}  # path → status and problem
        self.news = threading.Condition()
        self.ended = False
        self.on_quit: Any = lambda: None

    def record(self, kind: str, sentence: str, **data: Any) -> None:
        """A new fact, told to everyone who follows."""
        with self.news:
            self.facts.append(fact(len(self.facts) + 1, kind, sentence, **data))
            self.news.notify_all()

    def news_after(self, position: int) -> list[dict[str, Any]]:
        """Facts after a position, waiting for the first; none when the app ends."""
        with self.news:
            self.news.wait_for(lambda: self.ended or len(self.facts) > position)
            return [] if self.ended else self.facts[position:]

    def end(self) -> None:
        """Hang up on everyone who follows."""
        with self.news:
            self.ended = True
            self.news.notify_all()

    def entries(self) -> list[dict[str, Any]]:
        """The recipes in the shape of /api/recipes."""
        return [self.entry(recipe_id) for recipe_id in sorted(self.recipes)]

    def entry(self, recipe_id: str) -> dict[str, Any]:
        """One recipe in the shape of /api/recipes/{id}."""
        return {
            "recipe": self.recipes[recipe_id],
            "revision": 1,
            "archived": False,
            "updated_at": 1_700_000_000_000_000,
            "updated_by": "window",
        }

    def status(self) -> dict[str, Any]:
        """The picture of /api/status."""
        return {
            "version": "0.1.0",
            "position": len(self.facts),
            "endpoint": "http://127.0.0.1:8080/v1",
            "state": "ready",
            "active": "qwen",
            "headline": "qwen is ready.",
            "recipes": [
                {"id": "qwen", "engine": "vllm", "model": "Qwen/Qwen3-8B", "state": "ready"},
                {
                    "id": "demo",
                    "engine": "transformers",
                    "model": "",
                    "state": "loading",
                    "percent": 40.0,
                },
            ],
            "engines": [
                {
                    "engine_id": "e1",
                    "recipe_id": "qwen",
                    "kind": "vllm",
                    "runtime": "vllm-1",
                    "state": "ready",
                    "since": time.time_ns() // 1000,
                    "port": 8000,
                    "pid": 4711,
                }
            ],
            "switch": None,
            "gateway": {"state": "ready", "port": 4000, "error": None},
            "waiting": [],
        }

    def perform(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out a change, telling its steps."""
        target = body.get("target")
        self.record("switch-requested", f"Asked to {kind} {target}.")
        self.record(
            "engine-progressed",
            f"{target}: weights.",
            recipe_id=target,
            phase="weights",
            percent=50.0,
        )
        return {"switch_id": "s1", "kind": kind, "target": target, "evict": []}


class Handler(BaseHTTPRequestHandler):
    """One request at a time, by method and path."""

    app: FakeApp

    def log_message(self, format: str, *args: Any) -> None:
        """Tests speak for themselves."""

    def do_GET(self) -> None:
        """Reading."""
        path, _, query = self.path.partition("?")
        if path == "/api/events":
            self._follow(int(query.partition("after=")[2] or 0))
        elif path == "/api/timeline":
            self._timeline(dict(p.split("=") for p in query.split("&")))
        elif path.endswith("/stream"):
            self._sse_head()
            for line in ("INFO loading", "INFO ready"):
                self._event("line", {"line": line})
        else:
            self._handle(path, query)

    def do_POST(self) -> None:
        """Everything else."""
        self._handle(self.path)

    do_PUT = do_PATCH = do_DELETE = do_POST  # the names http.server calls

    def _handle(self, path: str, query: str = "") -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        app = self.app
        app.asked.append((self.command, path, body))
        app.queries.append(dict(parse_qsl(query)))
        app.actors.append(self.headers.get("x-studio-actor"))
        if self.command != "GET" and self.headers.get("x-studio-owner") != TOKEN:
            self._json({"detail": "only the owner may", "code": "owner-only"}, 403)
        elif path in app.refuse:
            status, problem = app.refuse[path]
            self._json(problem, status)
        elif path == "/v1/chat/completions":
            self._chat()
        else:
            self._json(*self._answer(path, body))

    def _answer(self, path: str, body: Any) -> tuple[Any, int]:
        app = self.app
        match (self.command, path.split("/")[2:]):
            case "GET", ["status"]:
                return app.status(), 200
            case "GET", ["recipes"]:
                return {"recipes": app.entries()}, 200
            case "GET", ["recipes", _, "revisions"] if app.revisions:
                return {"revisions": app.revisions}, 200
            case "GET", ["recipes", recipe_id] if recipe_id in app.recipes:
                return app.entry(recipe_id), 200
            case "GET", ["engines"]:
                return {"engines": app.status()["engines"]}, 200
            case "GET", ["logs", name]:
                return {"name": name, "lines": ["INFO loading", "INFO ready"]}, 200
            case "GET", ["runtimes"]:
                row = {"id": "litellm-1", "kind": "litellm", "version": "1", "state": "installed"}
                offer = {"kind": "sglang", "version": "0.5", "note": "NVIDIA"}
                return {"runtimes": [row], "available": [offer]}, 200
            case _, ["settings"]:
                answer = {"settings": {"port": 8080}, "from": {"port": "default"}}
                return answer | {"takes_effect_after_restart": ["port"]}, 200
            case "POST", ["switch" | "load" | "evict" as kind]:
                return app.perform(kind, body), 200
            case "POST", ["quit"]:
                app.on_quit()
                return {"ok": True}, 202
            case "GET", ["requests"]:
                return {"requests": [REQUEST], "next": None, "unreadable": []}, 200
            case "GET", ["requests", _, "body"]:
                return BODIES, 200
            case "GET", ["requests", "running"]:
                return {"requests": [RUNNING]}, 200
            case "GET", ["audit", "replaced"]:
                return {"replaced": app.replaced}, 200
            case "GET", ["usage"]:
                return USAGE, 200
            case "GET", ["keys"]:
                rest = app.queries[-1].get("after") == KEY["key_id"]
                keys = [KEY] if not rest else [{**KEY, "key_id": "k2", "name": "on page two"}]
                following = None if rest else KEY["key_id"]
                return {"keys": keys, "next": following, "required": False}, 200
            case "POST", ["keys"]:
                return {"key": KEY, "secret": "sk-studio-secret"}, 201
            case ("GET" | "PATCH" | "DELETE", ["keys", _]) | ("POST", ["keys", _, "reinstate"]):
                return KEY, 200
            case "DELETE", _:
                return None, 204
            case "POST" | "PUT", _:
                return body, 200
            case _:
                return {"detail": "no such thing", "code": "not_found", "next_action": "look"}, 404

    def _json(self, data: Any, status: int) -> None:
        content = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _sse_head(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()

    def _event(self, name: str, data: Any) -> None:
        self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def _follow(self, after: int) -> None:
        self._sse_head()
        with suppress(OSError):  # the reader has left
            while fresh := self.app.news_after(after):
                for entry in fresh:
                    after = entry["position"]
                    self._event("fact", entry)

    def _timeline(self, query: dict[str, str]) -> None:
        low, limit = int(query.get("after") or 0), int(query["limit"])
        high = int(query.get("before") or 10**9)
        found = [f for f in self.app.facts if low < f["position"] < high]
        newest = query.get("order") != "oldest"
        page = (found[::-1] if newest else found)[:limit]
        answer = {"entries": page, "head": len(self.app.facts)}
        if len(page) < len(found):
            answer["older" if newest else "newer"] = page[-1]["position"]
        self._json(answer, 200)

    def _chat(self) -> None:
        self._sse_head()
        for piece in ("I am ", "the demo."):
            chunk = {"choices": [{"delta": {"content": piece}}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        usage = {"choices": [], "usage": {"completion_tokens": 4}}
        self.wfile.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())


@contextmanager
def fake_app(home: Path) -> Iterator[FakeApp]:
    """It runs, and `home` says so as the real one does."""
    app = FakeApp()
    handler = type("BoundHandler", (Handler,), {"app": app})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    for folder in ("run", "secrets"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "secrets" / "owner-token").write_text(TOKEN)
    described = {
        "pid": os.getpid(),
        "port": server.server_port,
        "started_at": 1,
        "version": "0.1.0",
    }
    place = home / "run" / "app.json"
    place.write_text(json.dumps(described))
    app.on_quit = lambda: place.unlink()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield app
    finally:
        app.end()
        server.shutdown()
        thread.join()
        server.server_close()
