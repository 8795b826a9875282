"""The walk of `test_canaries.py`: every way in which a studio is told or asked something."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from tests.e2e.canary_talks import SECRETS as TOLD_TO_SERVERS
from tests.e2e.canary_talks import Talks
from tests.harness.canaries import Cage, unpacked
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.waiting import eventually

PARROT = str(ROOT / "tests" / "support" / "parrot_engine.py")
LISTEN_S = 1.5
SECRETS = (
    "studio-key", "master-key", "provider-key", "hub-token", "recipe-password", "recipe-address",
    "redis-password", "database-password", "hosts-hub-token", "hosts-secret", *TOLD_TO_SERVERS,
)  # fmt: skip


class Walk:
    """One after the other; `answers` is what came back of secrets that were not sent."""

    def __init__(self, studio: StudioServer, cage: Cage, told: tuple[str, str]) -> None:
        self.studio = studio
        self.cage = cage
        self.kept, self.erased = told
        self.answers: dict[str, set[str]] = {}
        self.key = {"authorization": f"Bearer {cage.words['studio-key']}"}
        self.http = httpx.Client(base_url=studio.url, timeout=60, trust_env=False)
        self.request_ids: list[str] = []
        self.talks = Talks(self)

    def close(self) -> None:
        """Hang up."""
        self.http.close()

    def all(self) -> None:
        """Everything that goes well, and everything that is refused."""
        self.save_what_there_is()
        self.knock_with_wrong_keys()
        self.ask_engines()
        self.ask_parrots()
        self.say_nonsense()
        self.talks.all()
        self.erase()

    # ---- what is saved -------------------------------------------------------------------------

    def save_what_there_is(self) -> None:
        """Recipes with secrets, a provider with its key, a key of our own, a setting."""
        new = self.cage.new
        env = {
            "HF_TOKEN": new("hub-token", "hf_{}"),
            "DB_PASSWORD": new("recipe-password"),
            "PLACE": f"https://user:{new('recipe-address')}@host/path",
            "ARGUMENTS": f"--token {new('recipe-argument', 'hf_{}')} --more",
        }
        command = [sys.executable, PARROT, "--port", "{port}", "--model", "{model}"]
        base = {"engine": "command", "load_timeout_s": 60, "stop_grace_s": 2, "env": env}
        self.studio.add({"id": "parrot", "command": command, **base})
        dies = [*command, "--dies", "HF_TOKEN"]
        self.studio.add({"id": "dies", "command": dies, **base})
        self.studio.add(sim_recipe("sim", recipe={"env": env, "cache": True}))
        for clear in (
            {"extra_args": ["--token", new("token-in-arguments", "hf_{}")]},
            {"notes": f"see https://user:{new('password-in-notes')}@host/"},
        ):
            wish = {"id": "clear", "engine": "command", "command": ["x"], **clear}
            assert self._post("/api/recipes", wish, headers=self.owner).status_code == 400
        self.provider = {
            "id": "near",
            "kind": "openai-compatible",
            "api_base": "http://127.0.0.1:9/v1",
            "models": [{"model": "parrot"}],
            "api_key": new("provider-key", "sk-{}"),
        }
        self.studio.post("/api/providers", self.provider)
        issued = self.studio.post("/api/keys", {"name": "somebody"})
        self.cage.adopt("issued-key", issued["secret"])
        self.key_id = issued["key"]["key_id"]
        limits = {"scopes": ["audit"]}
        auditor = self.studio.post("/api/keys", {"name": "auditor", "limits": limits})
        self.cage.adopt("auditor-key", auditor["secret"])
        for change in ({"api_key": new("key-in-a-change")}, {"no_such": new("unknown-setting")}):
            self.http.patch("/api/settings", json={"changes": change}, headers=self.owner)

    # ---- who may come in -----------------------------------------------------------------------

    def knock_with_wrong_keys(self) -> None:
        """Refused, in every way a key is presented."""
        new = self.cage.new
        known = "sk-vs-" if self.cage.words["issued-key"].startswith("sk-vs-") else "sk-"
        for headers in (
            {"authorization": f"Bearer {new('bad-bearer', known + '{}')}"},
            {"authorization": new("bad-authorization")},
            {"x-api-key": new("bad-x-api-key")},
            {"x-studio-owner": new("bad-owner")},
            {"cookie": f"session={new('bad-cookie')}"},
        ):
            for path in ("/v1/models", "/api/status", f"/api/x?key={new('bad-query')}"):
                assert self.http.get(path, headers=headers).status_code in (401, 404)
            self._post("/v1/chat/completions", self._chat("refused-prompt"), headers=headers)
        basic = httpx.BasicAuth("user", new("bad-basic"))
        assert self.http.get("/api/status", auth=basic).status_code == 401

    # ---- what is asked -------------------------------------------------------------------------

    def ask_engines(self) -> None:
        """On both lanes, streaming and not, with everything a request can carry."""
        new = self.cage.new
        for lane in ("gateway", "direct"):
            more = {
                "x-studio-lane": lane,
                "cookie": f"session={new(f'cookie-{lane}')}",
                "x-custom": new(f"header-{lane}"),
                "user-agent": new(f"agent-{lane}"),
            }
            path = f"/v1/chat/completions?token={new(f'query-{lane}')}"
            for stream in (False, True):
                body = self._chat(f"prompt-{lane}-{stream}", stream=stream)
                assert self._post(path, body, headers=self.key | more).status_code == 200
            told = self._tool_talk(lane)
            answer = self._post("/v1/chat/completions", told, headers=self.key | more)
            assert self.cage.words[f"tool-result-{lane}"] in answer.text, "the completion has it"
            said = new(f"anthropic-{lane}")
            message = {"model": "sim", "max_tokens": 5, "messages": [_user(said)]}
            self._post("/v1/messages", message, headers=self.key | more)
            self._post("/v1/embeddings", {"model": "sim", "input": new(f"embedded-{lane}")})
            file = {"file": (new(f"file-name-{lane}"), new(f"upload-{lane}").encode(), "audio/wav")}
            form = {"model": "sim", "prompt": new(f"form-field-{lane}")}
            self._note(
                self.http.post(
                    "/v1/audio/transcriptions", data=form, files=file, headers=self.key | more
                )
            )
        self._realtime()
        named = {"authorization": f"Bearer {self.cage.words['issued-key']}"}
        assert self._post("/v1/chat/completions", self._chat("named"), headers=named).is_success

    def _realtime(self) -> None:
        """A websocket, which the engine says back."""
        new = self.cage.new
        address = f"{self.studio.v1}/realtime?model=sim&token={new('websocket-query')}"
        headers = self.key | {"x-custom": new("websocket-header")}
        said = new("websocket-message")
        with connect(address.replace("http", "ws", 1), additional_headers=headers) as socket:
            socket.send(said)
            assert said in str(socket.recv(timeout=60))

    def ask_parrots(self) -> None:
        """An engine and a provider that repeat in their errors all they were sent."""
        parrot = self.studio.load("parrot")
        self.studio.post(
            "/api/providers",
            self.provider | {"api_base": f"http://127.0.0.1:{parrot['port']}/v1"},
        )
        for model in ("parrot", "near/parrot"):
            for lane in ("gateway", "direct"):
                for seed in (400, 500):
                    body = self._chat(f"repeated-{model}-{lane}-{seed}", model=model, seed=seed)
                    headers = self.key | {"x-studio-lane": lane}
                    answer = self._post("/v1/chat/completions", body, headers=headers)
                    assert answer.status_code >= 400
        dies = self._post("/v1/chat/completions", self._chat("to-the-dead", model="dies"))
        assert dies.status_code >= 500
        self.studio.load("sim")

    def say_nonsense(self) -> None:
        """Bodies that are none, paths that are none, the words of other protocols."""
        new = self.cage.new
        for body in (
            f'{{"model": "sim", "messages": [{{"content": "{new("malformed")}',
            json.dumps({"model": "sim", "messages": new("wrong-type")}),
            json.dumps({"model": "sim", new("wrong-field"): 1, "messages": [_user("x")]}),
            json.dumps({"messages": [_user(new("no-model"))]}),
            json.dumps([new("no-object")]),
        ):
            for path in ("/v1/chat/completions", "/api/recipes", "/v1/messages"):
                self._post(path, body)
        call = {"name": "x", "arguments": {"secret": new("mcp-argument")}}
        rpc = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        for path in ("/mcp", "/v1/mcp", "/mcp/tools/call", "/v1/responses"):
            self._post(path, json.dumps(rpc))
        self._post("/api/switch", json.dumps({"target": "sim", "why": new("unknown-member")}))
        for spoilt in (b"\xff\xfe" + new("no-utf8").encode(), b'"' + new("half").encode()):
            self._post("/v1/chat/completions", spoilt)

    def erase(self) -> None:
        """One of the two conversations; the other can be read, by the owner."""
        read = self.studio.get(f"/api/conversations/{self.kept}")
        assert self.cage.words["kept-user-text"] in read["messages"][0]["text"]
        assert self.cage.words["kept-title"] in self.terminal("conversations", "list")
        assert self.cage.words["erased-user-text"] in self.terminal(
            "conversations", "show", self.erased
        )
        told = self.terminal("conversations", "erase", self.erased, "--yes")
        assert "its key is destroyed" in told
        assert "erased: " in self.terminal("conversations", "show", self.erased)
        read = self.studio.get(f"/api/conversations/{self.erased}")
        assert not self.cage.found_in(json.dumps(read).encode())

    # ---- its own mistakes ----------------------------------------------------------------------

    def let_it_fail(self) -> None:
        """Each with words in its exception; the last ends the studio."""
        new = self.cage.new
        for fault in ("inside", "outside", "task"):
            headers = self.key | {"x-fault": fault, "x-words": new(f"fault-{fault}")}
            body = self._chat(f"fault-{fault}-prompt")
            answer = self._post("/v1/chat/completions", body, headers=headers)
            assert (answer.status_code == 200) == (fault == "task")
        which = f"fault-{new('fault-api')}"
        answer = self.http.get(f"/api/conversations/{which}", headers=self.owner)
        assert answer.status_code == 500
        words = self.key | {"x-fault": "death", "x-words": new("fault-death")}
        self.http.get("/api/status", headers=words)

    # ---- what is shown -------------------------------------------------------------------------

    def everything_shown(self) -> dict[str, set[str]]:
        """Every GET, to who has the studio's key but not the owner's token, and to an auditor."""
        found: dict[str, set[str]] = {}
        auditor = {"authorization": f"Bearer {self.cage.words['auditor-key']}"}
        for who in (self.key, auditor):
            shown = set()
            for path in self._readable():
                status, data = self._read(path, who)
                shown.add(status)
                for name in self.cage.found_in(data):
                    found.setdefault(name, set()).add(path)
            assert {200, 403} <= shown
        return found

    def exports(self) -> dict[str, set[str]]:
        """The log as the owner takes it along, in both of its forms: canary → form."""
        found: dict[str, set[str]] = {}
        for form in ("jsonl", "cloudevents"):
            data = b""
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "log.zip"
                told = self.terminal("audit", "export", str(place), "--format", form)
                assert place.exists(), told
                data = place.read_bytes()
            assert b"message-added" in b"".join(unpacked(data)), "it is searched inside"
            for name in self.cage.found_in(data):
                found.setdefault(name, set()).add(form)
        return found

    def _readable(self) -> Iterator[str]:
        schema = self.http.get("/schema/openapi.json", headers=self.key).json()
        values = {
            "request_id": self._request_id(),
            "key": self.key_id,
            "recipe_id": "parrot",
            "position": str(self.studio.head),
            **self.talks.values,
        }
        yield from ("/metrics", "/health", "/health/ready", "/v1/models", "/schema/openapi.json")
        for path, methods in schema["paths"].items():
            if "get" not in methods:
                continue
            if "/logs/" in path:
                for name in ("gateway", "app", "parrot", "sim", "dies"):
                    yield path.replace("{name}", name) + "?lines=10000"
                continue
            for name, value in values.items():
                path = path.replace(f"{{{name}}}", value)
            if path.startswith("/api/state"):
                path += f"?at={self.studio.head}"
            for which in {self.kept, values["talk"]} if "{conversation_id}" in path else {""}:
                yield path.replace("{conversation_id}", which)
        yield from ("/api/timeline?limit=1000", "/api/events?after=0", "/api/requests?limit=1000")
        yield f"/api/state?at={self.studio.head}"

    def _read(self, path: str, who: dict[str, str]) -> tuple[int, bytes]:
        data = b""
        with self.http.stream("GET", path, headers=who) as answer:
            ends = not answer.headers.get("content-type", "").startswith("text/event-stream")
            if not ends:  # from here on
                answer.request.extensions["timeout"]["read"] = LISTEN_S
            try:
                for piece in answer.iter_raw():
                    data += piece
            except httpx.ReadTimeout:
                assert not ends, path  # a stream, and nothing more happens
            return answer.status_code, data

    def _request_id(self) -> str:
        def look() -> str | None:
            records = self.studio.get("/api/requests", limit=10)["requests"]
            return records[0]["request_id"] if records else None

        return eventually(look, within=60, what="a request is in the book")

    def terminal(self, *words: str) -> str:
        """What a command prints, on both of its streams."""
        done = subprocess.run(
            [sys.executable, "-m", "desktop", *words],
            env={**os.environ, **self.studio.env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return done.stdout + done.stderr

    # ---- parts ---------------------------------------------------------------------------------

    @property
    def owner(self) -> dict[str, str]:
        """Who may do everything."""
        return self.studio.owner()

    def _chat(self, name: str, *, model: str = "sim", **more: object) -> dict[str, Any]:
        system = {"role": "system", "content": self.cage.new(f"{name}-system")}
        return {"model": model, "messages": [system, _user(self.cage.new(name))], **more}

    def _tool_talk(self, lane: str) -> dict[str, Any]:
        """A call, its result, and the tool's own description."""
        new = self.cage.new
        arguments = json.dumps({"city": new(f"tool-argument-{lane}")})
        call = {"id": "c1", "type": "function", "function": {"name": "t", "arguments": arguments}}
        properties = {"city": {"type": "string"}}
        tool = {
            "name": "t",
            "description": new(f"tool-description-{lane}"),
            "parameters": {"type": "object", "properties": properties},
        }
        return {
            "model": "sim",
            "messages": [
                _user(new(f"tool-prompt-{lane}")),
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": new(f"tool-result-{lane}")},
            ],
            "tools": [{"type": "function", "function": tool}],
        }

    def _post(
        self, path: str, body: object, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        sent = {"content-type": "application/json", **(headers or self.key)}
        return self._note(self.http.post(path, content=content, headers=sent))

    def _note(self, answer: httpx.Response) -> httpx.Response:
        sent = answer.request.headers.raw
        for name in self.cage.found_in(answer.content + str(answer.headers).encode()):
            known = self.cage.words[name].encode()
            secret = name in SECRETS or name.startswith("secret:")
            if secret and not any(known in value for _, value in sent):
                self.answers.setdefault(name, set()).add(str(answer.request.url.path))
        return answer


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}
