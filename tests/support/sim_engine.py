"""A small real inference server with vLLM's HTTP surface and knobs for everything that goes wrong.

It exists because races and faults can not be ordered from a real engine. It is a real program: its
own process, its own port, real sockets, real signals. Only the model is missing: the answer is
"tok0 tok1 tok2 …" unless the request asks for more (`sim_script.py`), in the shapes of
`sim_formats.py`. Standard library only, so that any interpreter can run it.
Knobs and routes are listed in README.md beside this file and by `--help`.
"""

# ruff: noqa: D102, D103, ASYNC110, ASYNC220 - a test program: JSON is Any, names say the rest

import argparse
import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support import sim_script
    from tests.support.sim_formats import Chat, Counts, Messages, Responses
    from tests.support.sim_script import Piece
else:  # it is started by its path, so that its folder is where Python looks first
    import sim_script
    from sim_formats import Chat, Counts, Messages, Responses
    from sim_script import Piece

Headers = dict[str, str]
GRANDCHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(900)"
DIED = (
    "EngineCore encountered an issue. See stack trace (above) for the root cause.",
    "vllm.v1.engine.exceptions.EngineDeadError",
)


# Knobs


def knobs(argv: list[str]) -> argparse.Namespace:
    """Read the command line. Flags of a real engine that mean nothing here are ignored."""
    p = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--served-model-name", nargs="+", default=["sim"])
    p.add_argument("--api-key", default=os.environ.get("VLLM_API_KEY"))
    p.add_argument("--max-model-len", type=int, default=4096)
    load = p.add_argument_group("loading")
    load.add_argument("--load-seconds", type=float, default=0.0)
    load.add_argument("--crash-while-loading", type=int, metavar="CODE", help="exit while loading")
    load.add_argument("--hang-while-loading", action="store_true", help="load for ever, silently")
    load.add_argument("--load-until", metavar="FILE", help="load no further before it is there")
    load.add_argument(
        "--health-while-loading", action="store_true", help="listen early, answer 503"
    )
    load.add_argument("--log-line", action="append", default=[], metavar="TEXT")
    load.add_argument("--quiet", action="store_true", help="no log lines while loading")
    life = p.add_argument_group("processes")
    life.add_argument("--ignore-sigterm", action="store_true")
    life.add_argument("--stop-seconds", type=float, default=0.0, help="how long SIGTERM takes")
    life.add_argument("--fork-grandchild", action="store_true", help="it ignores SIGTERM")
    life.add_argument("--abandon-grandchild", action="store_true", help="SIGTERM leaves it behind")
    life.add_argument(
        "--exit-after", type=float, metavar="S", help="exit 0 unasked, S s after ready"
    )
    life.add_argument("--registry", metavar="FILE", help="append 'start|ready|stop NAME PID TIME'")
    life.add_argument("--memory-mib", type=int, default=0, help="memory to claim")
    out = p.add_argument_group("answers")
    out.add_argument("--tokens", type=int, default=16)
    out.add_argument("--tokens-per-second", type=float, default=0.0, help="0: as fast as possible")
    out.add_argument("--first-token-seconds", type=float, default=0.0)
    out.add_argument("--die-after-tokens", type=int, metavar="N", help="exit 1 inside an answer")
    out.add_argument("--fail-status", type=int, metavar="CODE", help="answer /v1 posts with it")
    out.add_argument(
        "--reasoning-field", choices=("reasoning", "reasoning_content"), default="reasoning"
    )
    out.add_argument("--cached-tokens", type=int, default=0, help="of the prompt, as usage says")
    out.add_argument("--gzip", action="store_true", help="compress whole answers")
    out.add_argument("--sleep-frees-nothing", action="store_true")
    out.add_argument("--no-sleep-routes", action="store_true", help="404, as without dev mode")
    out.add_argument("--sleep-seconds", type=float, default=0.0)
    out.add_argument("--sleep-fails", action="store_true")
    out.add_argument("--reload-does-nothing", action="store_true", help="gibberish after level 2")
    out.add_argument("--wake-seconds", type=float, default=0.0)
    out.add_argument("--wake-fails", action="store_true")
    known, _ignored = p.parse_known_args(argv)
    return known


@dataclass(eq=False)
class Request:
    """One request as it came in; `/_sim/requests` shows it."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    received_at: float = field(default_factory=time.time)
    finished_at: float | None = None
    status: int = 0
    tokens: int = 0
    disconnected: bool = False

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def seen(self) -> dict[str, Any]:
        try:
            body = self.json()
        except ValueError:
            body = self.body.decode("latin-1")
        plain = {k: v for k, v in vars(self).items() if k != "body"}
        return {**plain, "body": body}


class Refusal(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError") -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": None, "code": status}
        }

    def told_at(self, path: str) -> dict[str, Any]:
        """In the dialect of the path, as vLLM does."""
        if not path.startswith("/v1/messages"):
            return self.body
        return {"type": "error", "error": {"type": self.kind, "message": self.message}}


# The engine


class SimEngine:
    """State of the pretended model and its answers."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.ready = False
        self.stopping = False
        self.sleep_level = 0
        self.needs_reload = False
        self.requests: list[Request] = []
        self.running = 0
        self.prompt_tokens = self.generation_tokens = self.finished = 0
        self.ttft_sum = 0.0
        self.vocabulary: list[str] = []
        self.memory = claimed(options.memory_mib)
        self.grandchild: subprocess.Popen[bytes] | None = None

    @property
    def names(self) -> list[str]:
        return list(self.options.served_model_name)

    # loading

    async def load(self) -> None:
        """Pretend to load, saying what vLLM says while it does."""
        o = self.options
        self.register("start")
        if o.fork_grandchild:
            self.grandchild = subprocess.Popen([sys.executable, "-c", GRANDCHILD])
        log("APIServer", f"vLLM API server version 0.32.0+sim, port {o.port}")
        log("EngineCore", f"Initializing a V1 LLM engine with config: model='{self.names[0]}'")
        for line in o.log_line:
            print(line, flush=True)
        if o.hang_while_loading:
            await asyncio.Event().wait()
        while o.load_until and not os.path.exists(o.load_until):
            await asyncio.sleep(0.01)
        for line in loading_lines():
            await asyncio.sleep(o.load_seconds / LOADING_STEPS)
            if not o.quiet:
                print(line, flush=True)
            if o.crash_while_loading is not None and "Loading weights took" in line:
                sys.stdout.flush()
                os._exit(o.crash_while_loading)
        self.ready = True
        print("INFO:     Application startup complete.", flush=True)
        self.register("ready")

    def register(self, what: str) -> None:
        if self.options.registry:
            line = f"{what} {self.names[0]} {os.getpid()} {time.time():.6f}\n"
            with open(self.options.registry, "a", encoding="utf-8") as file:
                file.write(line)

    # answering

    def check(self, request: Request) -> dict[str, Any]:
        """Key, state, model name; returns the body."""
        if self.options.fail_status:
            raise Refusal(self.options.fail_status, "asked to fail", "InternalServerError")
        body = request.json()
        if body.get("model") not in self.names:
            raise Refusal(404, f"The model `{body.get('model')}` does not exist.", "NotFoundError")
        return body if isinstance(body, dict) else {}

    async def tokens(
        self, request: Request, limit: int | None, script: list[Piece] | None = None
    ) -> AsyncIterator[Piece]:
        """The answer's tokens at the asked rate. A sleeping engine hangs, as vLLM does.

        `script`: what to say; a thought alone is followed by the plain tokens.
        """
        o, began = self.options, time.monotonic()
        self.running += 1
        try:
            while self.sleep_level:
                await asyncio.sleep(0.01)
            await asyncio.sleep(o.first_token_seconds)
            ahead = script or []
            plain = o.tokens if all(piece.kind == "reasoning" for piece in ahead) else 0
            count = len(ahead) + plain
            for n in range(min(count, limit) if limit is not None else count):
                if self.stopping:
                    raise Refusal(500, DIED[0], "InternalServerError")
                if o.tokens_per_second:
                    await asyncio.sleep(max(0.0, began + (n + 1) / o.tokens_per_second
                                                 - time.monotonic()))  # fmt: skip
                if n == 0:
                    self.ttft_sum += time.monotonic() - began
                self.generation_tokens += 1
                request.tokens += 1
                yield ahead[n] if n < len(ahead) else self.plain(n - len(ahead))
                if o.die_after_tokens is not None and request.tokens >= o.die_after_tokens:
                    await asyncio.sleep(0)
                    print(*DIED, sep="\n", flush=True)
                    os._exit(1)
        finally:
            self.running -= 1
            self.finished += 1

    def plain(self, n: int) -> Piece:
        """The n-th token of an answer that nothing was asked of."""
        word = "###" if self.needs_reload else "tok"
        return Piece("text", f" {word}{n}" if n else f"{word}{n}")

    def ids(self, text: str) -> list[int]:
        """Words as numbers; the same word has the same one."""
        words = sim_script.parts(text) if text else []
        self.vocabulary += [word for word in dict.fromkeys(words) if word not in self.vocabulary]
        return [self.vocabulary.index(word) for word in words]

    def metrics(self) -> str:
        """The names a dashboard reads, as vLLM writes them."""
        label = f'{{engine="0",model_name="{self.names[0]}"}}'
        values: list[tuple[str, str, float]] = [
            ("vllm:num_requests_running", "gauge", self.running),
            ("vllm:num_requests_waiting", "gauge", 0),
            ("vllm:kv_cache_usage_perc", "gauge", min(1.0, self.running / 16)),
            ("vllm:prompt_tokens_total", "counter", self.prompt_tokens),
            ("vllm:generation_tokens_total", "counter", self.generation_tokens),
            ("vllm:request_success_total", "counter", self.finished),
            ("vllm:prefix_cache_queries_total", "counter", self.prompt_tokens),
            ("vllm:prefix_cache_hits_total", "counter", 0),
            ("vllm:num_preemptions_total", "counter", 0),
            ("process_resident_memory_bytes", "gauge", len(self.memory) if self.memory else 0),
        ]
        lines = [f"# TYPE {n} {kind}\n{n}{label} {float(v)}" for n, kind, v in values]
        for name, total in (("time_to_first_token", self.ttft_sum), ("inter_token_latency", 0.0)):
            name = f"vllm:{name}_seconds"
            lines.append(f"# TYPE {name} histogram")
            for bound in ("0.1", "1.0", "+Inf"):
                lines.append(f'{name}_bucket{label[:-1]},le="{bound}"}} {float(self.finished)}')
            lines += [f"{name}_sum{label} {total}", f"{name}_count{label} {float(self.finished)}"]
        for state in ("awake", "weights_offloaded", "discard_all"):
            now = ("awake", "weights_offloaded", "discard_all")[self.sleep_level] == state
            lines.append(f'vllm:engine_sleep_state{label[:-1]},sleep_state="{state}"}} {now:d}.0')
        return "\n".join(lines) + "\n"

    async def sleep_or_wake(self, request: Request) -> Any:
        """vLLM's development routes: sleep, wake_up, is_sleeping, collective_rpc."""
        query = dict(part.partition("=")[::2] for part in request.query.split("&") if part)
        match request.path:
            case "/sleep":
                await asyncio.sleep(self.options.sleep_seconds)
                if self.options.sleep_fails:
                    raise Refusal(500, "cumem allocator error", "InternalServerError")
                self.sleep_level = int(query.get("level", "1"))
                self.needs_reload = self.needs_reload or self.sleep_level == 2
                if self.memory is not None and not self.options.sleep_frees_nothing:
                    self.memory.close()
                    self.memory = None
                return {"status": "sleeping"}
            case "/wake_up":
                await asyncio.sleep(self.options.wake_seconds)
                if self.options.wake_fails:
                    raise Refusal(500, "CUDA out of memory while waking", "InternalServerError")
                self.sleep_level = 0
                self.memory = self.memory or claimed(self.options.memory_mib)
                return {"status": "awake"}
            case "/collective_rpc":
                reload = request.json().get("method") == "reload_weights"
                if reload and not self.options.reload_does_nothing:
                    self.needs_reload = False
                return {"results": [None]}
            case "/is_sleeping":
                return {"is_sleeping": self.sleep_level > 0}
            case _:
                return {}


def claimed(mib: int) -> mmap.mmap | None:
    """Memory that the process really holds: pages nobody wrote to would not count."""
    if not mib:
        return None
    held = mmap.mmap(-1, mib << 20)
    for page in range(0, len(held), mmap.PAGESIZE):
        held[page] = 1
    return held


# Loading lines: texts of vLLM 0.32, shortened

LOADING_STEPS = 16


def loading_lines() -> list[str]:
    shards = [
        f"Loading safetensors checkpoint shards: {25 * n:3d}% Completed | {n}/4 [00:0{n}<00:00]"
        for n in range(5)
    ]
    graphs = [
        f"Capturing CUDA graphs (mixed prefill-decode, PIECEWISE): {p:3d}%|###| {p}/100"
        for p in (0, 50, 100)
    ]
    stamp = time.strftime("INFO %m-%d %H:%M:%S")
    return [
        f"(EngineCore pid={os.getpid()}) {stamp} [gpu_model_runner.py:2602] Starting to load model",
        *shards,
        f"{stamp} [default_loader.py:268] Loading weights took 0.42 seconds",
        f"{stamp} [backends.py:548] Using cache directory for vLLM's torch.compile",
        f"{stamp} [monitor.py:34] torch.compile takes 3.21 s in total",
        f"{stamp} [gpu_worker.py:298] Available KV cache memory: 1.00 GiB",
        f"{stamp} [kv_cache_utils.py:1087] GPU KV cache size: 130,000 tokens",
        *graphs,
        f"{stamp} [gpu_model_runner.py:3480] Graph capturing finished in 1 secs, took 0.10 GiB",
        f"{stamp} [core.py:210] init engine (profile, create kv cache, warmup model) took 1 s",
    ]


def log(who: str, text: str) -> None:
    stamp = time.strftime("%m-%d %H:%M:%S")
    print(f"({who} pid={os.getpid()}) INFO {stamp} [sim_engine.py:1] {text}", flush=True)


# HTTP


class Server:
    """Just enough HTTP/1.1: keep-alive, lengths and chunks, streams, and who hung up."""

    def __init__(self, engine: SimEngine) -> None:
        self.engine = engine

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ahead: bytes | None = b""  # what was read of the next request while answering this one
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while ahead is not None:
                request = await read_request(reader, ahead)
                if not request.path.startswith("/_sim/"):
                    self.engine.requests.append(request)
                if request.headers.get("upgrade", "").lower() == "websocket":
                    await self.talk(request, reader, writer)
                    break
                ahead = await self.answer_or_notice(request, reader, writer)
                if request.headers.get("connection", "").lower() == "close":
                    break
        writer.close()

    async def talk(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """`/v1/realtime` as a websocket that says everything back (RFC 6455, whole messages)."""
        key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        request.status = 101
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            + f"sec-websocket-accept: {accept}\r\n\r\n".encode()
        )
        self.engine.running += 1
        try:
            while (frame := await read_frame(reader)) is not None:
                opcode, data = frame
                request.tokens += 1
                writer.write(frame_of({9: 10}.get(opcode, opcode), data))  # a ping gets its pong
                await writer.drain()
                if opcode == 8:
                    break
        finally:
            self.engine.running -= 1
            request.finished_at = time.time()

    async def answer_or_notice(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes | None:
        """Answer while watching the socket; a hang-up cancels the work. None: it is gone."""
        work = asyncio.create_task(self.answer(request, writer))
        watch = asyncio.create_task(reader.read(1))
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and (watch.exception() or watch.result() == b""):  # reset, or closed
            work.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await work
        request.finished_at = time.time()
        if work.cancelled() or work.exception() is not None:
            request.disconnected = True
            watch.cancel()
            return None
        if not watch.done():
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                return await watch or None
            return b""
        return watch.result() or None

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        try:
            result = await self.route(request, writer)
            if result is not None:
                self.send(request, writer, 200, result)
        except Refusal as refusal:
            self.send(request, writer, refusal.status, refusal.told_at(request.path))
        except ValueError as error:
            self.send(request, writer, 400, Refusal(400, str(error)).told_at(request.path))
        await writer.drain()

    def send(self, request: Request, writer: asyncio.StreamWriter, status: int, body: Any) -> None:
        if isinstance(body, bytes):
            kind, data = "audio/wav", body
        elif isinstance(body, str):
            kind, data = "text/plain; version=0.0.4", body.encode()
        else:
            kind, data = "application/json", json.dumps(body).encode()
        more = ""
        if self.engine.options.gzip and "gzip" in request.headers.get("accept-encoding", ""):
            data, more = gzip.compress(data), "content-encoding: gzip\r\n"
        request.status = status
        head = f"HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n"
        writer.write(f"{head}{more}\r\n".encode() + data)

    async def route(self, request: Request, writer: asyncio.StreamWriter) -> Any:
        engine, path = self.engine, request.path
        if path.startswith("/_sim/"):
            return self.inspect(request)
        if not engine.ready:
            raise Refusal(503, "loading", "ServiceUnavailableError")
        key = engine.options.api_key
        sent = request.headers.get("authorization", "")
        if key and path.startswith("/v1/") and sent != f"Bearer {key}":
            raise Refusal(401, "Unauthorized", "AuthenticationError")
        match (request.method, path):
            case ("GET", "/health" | "/ping"):
                return {}
            case ("GET", "/version"):
                return {"version": "0.32.0+sim"}
            case ("GET", "/metrics"):
                return engine.metrics()
            case ("GET", "/v1/models"):
                return {"object": "list", "data": [self.model(name) for name in engine.names]}
            case ("POST", path) if path in GENERATES:
                return await Completion(engine, request, writer, self).run()
            case ("POST", "/v1/messages/count_tokens"):
                return {"input_tokens": prompt_tokens(engine.check(request))}
            case ("POST", "/v1/embeddings"):
                return embeddings(engine.check(request))
            case ("POST", "/v1/rerank" | "/rerank" | "/v2/rerank"):
                return rerank(engine.check(request))
            case ("POST", "/v1/score" | "/score"):
                return score(engine.check(request))
            case ("POST", "/tokenize" | "/detokenize"):
                return tokenized(engine, path, engine.check(request))
            case ("POST", "/v1/audio/transcriptions" | "/v1/audio/translations"):
                return {"text": f"{len(request.body)} bytes were heard"}
            case ("POST", "/v1/audio/speech"):
                return b"RIFF" + str(engine.check(request)["input"]).encode()
            case (_, "/sleep" | "/wake_up" | "/is_sleeping" | "/collective_rpc") if (
                not engine.options.no_sleep_routes
            ):
                return await engine.sleep_or_wake(request)
            case ("POST", "/reset_prefix_cache" | "/v1/load_lora_adapter"):
                return {}
            case _:
                raise Refusal(404, "Not Found", "NotFoundError")

    def model(self, name: str) -> dict[str, Any]:
        length = self.engine.options.max_model_len
        return {"id": name, "object": "model", "created": 1700000000, "owned_by": "vllm",
                "root": name, "parent": None, "max_model_len": length}  # fmt: skip

    def inspect(self, request: Request) -> Any:
        """`/_sim/requests` shows what came in; POST `/_sim/knobs` turns knobs while it runs."""
        if request.path == "/_sim/knobs" and request.method == "POST":
            vars(self.engine.options).update(request.json())
        if request.path == "/_sim/requests" and request.method == "DELETE":
            self.engine.requests.clear()
        received = [r.seen() for r in self.engine.requests]
        return {"pid": os.getpid(), "running": self.engine.running, "received": received}


async def read_request(reader: asyncio.StreamReader, ahead: bytes) -> Request:
    head = ahead + await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif length := int(headers.get("content-length", "0")):
        body = await reader.readexactly(length)
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes] | None:
    """One unfragmented frame of a client; None: it hung up."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        head = await reader.readexactly(2)
        size = head[1] & 127
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        mask = await reader.readexactly(4)
        data = await reader.readexactly(size)
        return head[0] & 15, bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
    return None


def frame_of(opcode: int, data: bytes) -> bytes:
    """One whole message of a server."""
    size = len(data)
    if size < 126:
        head = bytes([128 | opcode, size])
    else:
        head = bytes([128 | opcode, 127]) + size.to_bytes(8, "big")
        if size < 65536:
            head = bytes([128 | opcode, 126]) + size.to_bytes(2, "big")
    return head + data


GENERATES = {
    "/v1/chat/completions": sim_script.asked_in_chat,
    "/v1/completions": lambda body: sim_script.Asked(),
    "/v1/responses": sim_script.asked_in_responses,
    "/v1/messages": sim_script.asked_in_messages,
}
SAID_IN = ("messages", "input", "prompt")
LIMITED_BY = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def prompt_tokens(body: dict[str, Any]) -> int:
    """How many tokens a prompt has: words of its JSON."""
    return len(json.dumps(next((body[k] for k in SAID_IN if k in body), "")).split())


class Completion:
    """One answer that is generated, streamed or whole, in vLLM's shapes."""

    def __init__(
        self, engine: SimEngine, request: Request, writer: asyncio.StreamWriter, server: Server
    ) -> None:
        self.engine, self.request, self.writer, self.server = engine, request, writer, server
        self.body = engine.check(request)
        self.script = GENERATES[request.path](self.body).script()
        self.format = self._format(f"{len(engine.requests)}")
        self.pieces: list[Piece] = []
        self.prompt = prompt_tokens(self.body)
        engine.prompt_tokens += self.prompt

    def _format(self, id_: str) -> Chat | Responses | Messages:
        match self.request.path:
            case "/v1/responses":
                return Responses(self.body, id_)
            case "/v1/messages":
                if not self.body.get("max_tokens"):
                    raise Refusal(400, "max_tokens: field required")
                return Messages(self.body, id_)
            case path:
                is_chat = "chat" in path
                if is_chat and not isinstance(self.body.get("messages"), list):
                    raise Refusal(400, "messages: field required")
                field_ = self.engine.options.reasoning_field
                return Chat(self.body, id_, is_chat=is_chat, field=field_)

    async def run(self) -> Any:
        limit = next((self.body[name] for name in LIMITED_BY if self.body.get(name)), None)
        tokens = self.engine.tokens(self.request, limit, self.script)
        if self.body.get("stream"):
            return await self.stream(tokens, limit)
        self.pieces = [piece async for piece in tokens]
        return self.format.whole(self.reason(limit), self.pieces, self.counts())

    def reason(self, limit: int | None) -> str:
        """A limit that is just reached cuts, as far as anybody can tell."""
        return "length" if limit is not None and len(self.pieces) >= limit else "stop"

    async def stream(self, tokens: AsyncIterator[Piece], limit: int | None) -> None:
        self.request.status = 200
        self.writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        try:
            self.events(self.format.begin(self.counts()))
            async for piece in tokens:
                self.pieces.append(piece)
                self.events(self.format.piece(piece, self.counts()))
                await self.writer.drain()
            self.events(self.format.end(self.reason(limit), self.pieces, self.counts()))
        except Refusal as refusal:  # vLLM ends a broken stream with an error event and [DONE]
            told = refusal.told_at(self.request.path)
            name = "event: error\n" if "type" in told else ""
            self.events([f"{name}data: {json.dumps(told)}\n\n", self.format.done])
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def events(self, events: list[str]) -> None:
        for raw in (one.encode() for one in events if one):
            self.writer.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def counts(self) -> Counts:
        n = int(self.body.get("n") or 1)
        return Counts(
            prompt=self.prompt,
            cached=min(self.engine.options.cached_tokens, self.prompt),
            made=self.request.tokens * n,
            thought=sum(piece.kind == "reasoning" for piece in self.pieces) * n,
        )


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]

    def written(vector: list[float]) -> Any:
        if body.get("encoding_format") != "base64":
            return vector
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

    data = [
        {"object": "embedding", "index": n, "embedding": written([float(len(str(t))), float(n), 1])}
        for n, t in enumerate(texts)
    ]
    count = sum(len(str(t).split()) for t in texts)
    used = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "model": body["model"], "data": data, "usage": used}


def rerank(body: dict[str, Any]) -> dict[str, Any]:
    """The longest document is the best one."""
    texts = [str(one) for one in body["documents"]]
    longest = max(map(len, texts), default=1) or 1
    found = [
        {"index": n, "document": {"text": text}, "relevance_score": len(text) / longest}
        for n, text in enumerate(texts)
    ]
    found.sort(key=lambda one: -float(str(one["relevance_score"])))
    count = sum(len(text.split()) for text in texts)
    used = {"prompt_tokens": count, "total_tokens": count}
    return {"id": "rerank-sim", "model": body["model"], "usage": used,
            "results": found[: body.get("top_n") or len(found)]}  # fmt: skip


def score(body: dict[str, Any]) -> dict[str, Any]:
    """1.0 for texts of one length."""
    first, second = (
        [one] if isinstance(one, str) else list(one)
        for one in (body.get("text_1") or body["queries"], body.get("text_2") or body["documents"])
    )
    pairs = zip(first * (len(second) if len(first) == 1 else 1), second, strict=True)
    data = [
        {"index": n, "object": "score", "score": 1 / (1 + abs(len(a) - len(b)))}
        for n, (a, b) in enumerate(pairs)
    ]
    count = sum(len(text.split()) for text in (*first, *second))
    used = {"prompt_tokens": count, "total_tokens": count, "completion_tokens": 0}
    return {"id": "score-sim", "object": "list", "created": int(time.time()),
            "model": body["model"], "data": data, "usage": used}  # fmt: skip


def tokenized(engine: SimEngine, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """vLLM's /tokenize and /detokenize; a token is a word."""
    if path == "/detokenize":
        return {"prompt": "".join(engine.vocabulary[number] for number in body["tokens"])}
    text = body["prompt"] if "prompt" in body else json.dumps(body["messages"])
    tokens = engine.ids(text)
    return {"count": len(tokens), "max_model_len": engine.options.max_model_len,
            "tokens": tokens, "token_strs": None}  # fmt: skip


# Running


async def serve(options: argparse.Namespace) -> int:
    engine = SimEngine(options)
    server = Server(engine)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if options.ignore_sigterm else asked.set)
    stop = asyncio.create_task(asked.wait())
    listening = None
    if options.health_while_loading:
        listening = await asyncio.start_server(server.connection, options.host, options.port)
    loading = asyncio.create_task(engine.load())
    await asyncio.wait((loading, stop), return_when=asyncio.FIRST_COMPLETED)
    if loading.done():
        await loading
        if listening is None:  # a taken port is found late, as in vLLM
            listening = await asyncio.start_server(server.connection, options.host, options.port)
        await asyncio.wait((stop,), timeout=options.exit_after)
    engine.stopping = True
    await asyncio.sleep(options.stop_seconds)
    for _ in range(100):  # running answers end with an error event
        if not engine.running or engine.sleep_level:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # … which still has to leave
    if engine.grandchild is not None and not options.abandon_grandchild:
        engine.grandchild.kill()
        engine.grandchild.wait()
    engine.register("stop")
    log("APIServer", "Shutting down")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        asyncio.run(serve(knobs(sys.argv[1:])))
    except OSError as problem:
        print(f"OSError: [Errno {problem.errno}] {problem.strerror}", flush=True)
        sys.exit(1)
