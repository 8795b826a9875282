"""A real `vllm-studio serve` in a home of its own, driven over HTTP as anybody would."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import openai

from tests.harness import processes
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

ROOT = Path(__file__).parents[2]


class StudioServer:
    """One running app. `url` is the controller, `v1` the OpenAI endpoint, `home` its data."""

    lane: str | None = None  # wished by its requests, when it is one
    program: tuple[str, ...] = ("-m", "desktop", "serve")  # for this Python

    def __init__(self, home: Path, env: dict[str, str] | None = None) -> None:
        self.home = home
        self.port, self.inference_port, self.litellm_port = free_port(), free_port(), free_port()
        self.env = {
            **_clean_environment(home),
            "VLLM_STUDIO_HOME": str(home),
            "VLLM_STUDIO_PORT": str(self.port),
            "VLLM_STUDIO_INFERENCE_PORT": str(self.inference_port),
            "VLLM_STUDIO_LITELLM_PORT": str(self.litellm_port),
            **(env or {}),
        }
        settings = home / "settings.toml"
        if not settings.exists():  # two small models would fit beside each other
            settings.write_text("max_resident = 1\n")
        self.url = f"http://127.0.0.1:{self.port}"
        self.v1 = f"{self.url}/v1"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=60)

    # its life

    def start(self, *, within: float = 120) -> None:
        """Start it and wait until /health answers."""
        with (self.home / "serve.out").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.program],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.own(self.process.pid)
        eventually(self._healthy, within=within, what="/health answers")

    def _healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"serve ended:\n{self.output()[-3000:]}"
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def wait_for_gateway(self, *, within: float = 240) -> None:
        """Until LiteLLM takes requests."""
        eventually(
            lambda: self.status()["gateway"]["state"] == "ready", within=within, what="gateway"
        )

    def ask_to_quit(self) -> None:
        """SIGTERM, as a service manager would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait(self, *, within: float = 120) -> int:
        """Until the app's process has ended; its exit status."""
        assert self.process is not None
        try:
            return self.process.wait(timeout=within)
        finally:
            if self.process.returncode is not None:
                processes.disown(self.process.pid)

    def kill(self) -> None:
        """kill -9 the app alone; what it started lives on, as in a crash."""
        assert self.process is not None
        self.process.kill()
        self.wait()

    def close(self) -> None:
        """End it and everything of this home, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.ask_to_quit()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
        self.http.close()

    def output(self) -> str:
        """What it printed, over all its starts."""
        return (self.home / "serve.out").read_text(errors="replace")

    # asking it

    def owner(self, actor: str = "cli") -> dict[str, str]:
        """Headers that prove the machine's owner."""
        token = (self.home / "secrets" / "owner-token").read_text().strip()
        return {"x-studio-owner": token, "x-studio-actor": actor}

    def get(self, path: str, **query: Any) -> Any:
        """The JSON behind a path; anything but 2xx is an error."""
        answer = self.http.get(path, params=query, headers=self.owner())
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: object = None, *, timeout: float = 60) -> Any:
        """POST as the owner; anything but 2xx is an error."""
        answer = self.http.post(path, json=body or {}, headers=self.owner(), timeout=timeout)
        assert answer.is_success, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def status(self) -> dict[str, Any]:
        """/api/status."""
        status: dict[str, Any] = self.get("/api/status")
        return status

    def engines(self) -> dict[str, dict[str, Any]]:
        """Engines that run or are about to, by recipe."""
        gone = {"stopped", "failed"}
        found = self.get("/api/engines")["engines"]
        return {one["recipe_id"]: one for one in found if one["state"] not in gone}

    def add(self, recipe: dict[str, Any]) -> str:
        """Save a recipe; its id."""
        self.post("/api/recipes", recipe)
        return str(recipe["id"])

    def load(self, recipe_id: str, *, timeout: float = 120) -> dict[str, Any]:
        """Switch to it and wait; its engine."""
        self.post("/api/switch", {"target": recipe_id, "wait": True}, timeout=timeout)
        return self.engines()[recipe_id]

    def evict_all(self) -> None:
        """Nothing resident, nothing on the way."""
        self.post("/api/evict", {"target": None, "force": True, "wait": True})

    def erase_conversations(self) -> None:
        """And what was being written: a title or a draft of one test is none of the next one's."""
        for one in self.get("/api/conversations")["conversations"]:
            if one["standing"] == "open":
                path = f"/api/conversations/{one['conversation_id']}"
                self.http.delete(path, headers=self.owner()).raise_for_status()
        nothing = {"conversation_id": "", "text": ""}
        self.http.put(
            "/api/conversations/unsent", json=nothing, headers=self.owner()
        ).raise_for_status()

    def wait_for_state(self, recipe_id: str, state: str, *, within: float = 60) -> dict[str, Any]:
        """Until the recipe is in this state; its line in the status."""

        def look() -> dict[str, Any] | None:
            for recipe in self.status()["recipes"]:
                if recipe["id"] == recipe_id and recipe["state"] == state:
                    found: dict[str, Any] = recipe
                    return found
            return None

        return eventually(look, within=within, what=f"{recipe_id} is {state}")

    # what it says happened

    def timeline(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Everything recorded after a position, oldest first."""
        entries: list[dict[str, Any]] = []
        before: int | None = None
        while True:
            query = {"limit": 500} if before is None else {"limit": 500, "before": before}
            page = self.get("/api/timeline", **query)["entries"]
            entries += [one for one in page if one["position"] > after]
            if not page or page[-1]["position"] <= after + 1 or len(page) < 500:
                return entries[::-1]
            before = page[-1]["position"]

    def happened(self, fact: str, *, after: int = 0, **data: object) -> list[dict[str, Any]]:
        """Recorded facts of this type whose data holds these values, oldest first."""
        return [
            one
            for one in self.timeline(after=after)
            if one["type"] == fact and data.items() <= one["data"].items()
        ]

    def wait_for_fact(
        self, fact: str, *, after: int = 0, within: float = 60, **data: object
    ) -> dict[str, Any]:
        """Until such a fact is recorded; the first."""
        look = lambda: self.happened(fact, after=after, **data) or None  # noqa: E731
        return eventually(look, within=within, what=f"{fact} {data}")[0]

    @property
    def head(self) -> int:
        """The newest position of the log; what a status shows may be a little older."""
        return int(self.get("/api/timeline", limit=1)["head"])

    # using it

    def named(self, recipe_id: str) -> str:
        """A name of its own for each lane of a case: recipes are archived, never forgotten."""
        return f"{recipe_id}-{self.lane}" if self.lane else recipe_id

    @property
    def wishes(self) -> dict[str, str]:
        """Headers that wish the lane of this test."""
        return {"x-studio-lane": self.lane} if self.lane else {}

    @contextmanager
    def openai(self, **options: Any) -> Iterator[openai.OpenAI]:
        """The official client, pointed here."""
        settings = {"api_key": "not-needed", "max_retries": 0, "timeout": 300, **options}
        with openai.OpenAI(base_url=self.v1, **settings) as client:
            yield client

    def chat(
        self, model: str, text: str = "Hello!", *, timeout: float = 300, **body: object
    ) -> httpx.Response:
        """One chat completion, raw."""
        request = {"model": model, "messages": [{"role": "user", "content": text}], **body}
        return httpx.post(
            f"{self.v1}/chat/completions", json=request, headers=self.wishes, timeout=timeout
        )

    def stream(self, model: str, text: str = "Hello!", **body: object) -> "Stream":
        """A streamed chat in a thread of its own, to be watched while other things happen."""
        request = {"model": model, "messages": [{"role": "user", "content": text}], **body}
        return Stream(self.port, request, self.wishes)


class Stream:
    """A streamed answer as it arrives: `text`, `events`, `saw_done`, `error`."""

    def __init__(
        self, port: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self.saw_done = False
        self.error: Exception | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self._wishes = headers or {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._thread = threading.Thread(target=self._run, args=(body,), name="stream")
        self._thread.start()

    def _run(self, body: dict[str, Any]) -> None:
        try:
            self._connection.request(
                "POST",
                "/v1/chat/completions",
                json.dumps({**body, "stream": True}),
                {"content-type": "application/json", **self._wishes},
            )
            answer = self._connection.getresponse()
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            self.status = answer.status
            if answer.status != 200:
                self.body = answer.read()
            while answer.status == 200 and (line := answer.readline()):
                self._line(line.decode().strip())
        except (OSError, http.client.HTTPException) as error:
            self.error = error
        finally:
            self._connection.close()

    def _line(self, line: str) -> None:
        if line == "data: [DONE]":
            self.saw_done = True
        elif line.startswith("data: "):
            self.events.append(json.loads(line[6:]))

    @property
    def text(self) -> str:
        """The answer's words so far."""
        return "".join(
            choice["delta"].get("content") or ""
            for event in list(self.events)
            for choice in event.get("choices", ())
        )

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Error events inside the stream."""
        return [event["error"] for event in self.events if "error" in event]

    def wait_for_text(self, *, within: float = 120) -> None:
        """Until the first words have arrived."""
        eventually(self._has_begun, within=within, what="the first token", every=0.02)

    def _has_begun(self) -> bool:
        assert self._thread.is_alive() or self.text, f"it ended first: {self.status} {self.body!r}"
        return bool(self.text)

    def leave(self) -> None:
        """Hang up, in the middle or before the first byte."""
        socket_ = self._connection.sock
        if socket_ is not None:
            with suppress(OSError):  # it may have ended by itself just now
                socket_.shutdown(socket.SHUT_RDWR)
        self.finish()

    def finish(self, *, within: float = 300) -> None:
        """Until the stream has ended, one way or the other."""
        self._thread.join(within)
        assert not self._thread.is_alive(), f"the stream did not end; so far: {self.text[-200:]!r}"


def words(count: int) -> str:
    """What the sim engine answers, undisturbed."""
    return " ".join(f"tok{n}" for n in range(count))


def _clean_environment(home: Path) -> dict[str, str]:
    """A new user's environment: no screen, no settings of this machine's user but the network's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "CI"}
        or name.endswith(("_CA_BUNDLE", "_CERT", "_CERT_FILE", "_CERT_DIR", "_CA_CERTS"))
        or name.startswith(("PIP_", "UV_"))
    }
    return {**kept, "HOME": str(home / "user"), "PYTHONUNBUFFERED": "1"}
