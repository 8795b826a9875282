"""Who is measured side by side: each a port on which chat completions are answered by upstream.c.

direct          upstream.c, with nothing before it
nginx           one worker, pooled connections to upstream.c, nothing buffered
lane direct     a real `vllm-studio serve`: named key, limits, durable usage; our own bytes
lane gateway    the same, through its LiteLLM
litellm         LiteLLM alone, one worker, as its documentation starts it
litellm + auth  the same with a `custom_auth` and a callback, as anybody has who counts usage
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from core.gateway import litellm_config
from core.settings import load_settings
from tests.benchmarks.books import Key, write_keys
from tests.benchmarks.cpu import tree
from tests.benchmarks.programs import built, start_upstream
from tests.harness import runtimes
from tests.harness.ports import free_port, is_listening
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

MODEL = "bench"
LANE = "x-studio-lane"
PATIENT_S = 600.0  # on a machine that others use, LiteLLM may take minutes to start
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 100000000;
  upstream engine {{ server 127.0.0.1:{engine}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; client_max_body_size 50m; client_body_buffer_size 128k;
    }}
  }}
}}
"""
PLUGIN = '''"""What anybody adds who has keys and counts usage."""

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth


async def admit(request, api_key):
    return UserAPIKeyAuth(api_key="bench", key_alias="bench")


class Usage(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        self.last = getattr(response_obj, "usage", None)


usage = Usage()
'''


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the upstream."""

    name: str
    port: int
    headers: tuple[str, ...] = ()
    processes: Callable[[], Iterable[int]] = lambda: ()  # whose CPU a request costs


@contextmanager
def direct() -> Iterator[Contender]:
    """upstream.c itself, for all who are not the studio (which starts its own)."""
    port = free_port()
    upstream = start_upstream(port)
    try:
        eventually(lambda: is_listening(port), within=10, what="upstream listens")
        yield Contender(name="direct", port=port)
    finally:
        _end(upstream)


@contextmanager
def nginx(folder: Path, engine: int) -> Iterator[Contender | None]:
    """One worker; None when there is no nginx on this machine."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        yield None
        return
    folder.mkdir()
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, engine=engine, port=port))
    words = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: is_listening(port), within=10, what="nginx listens")
        yield Contender(name="nginx", port=port, processes=lambda: tree(process.pid))
    finally:
        _end(process)


# ---- LiteLLM ------------------------------------------------------------------------------------


@contextmanager
def litellm(folder: Path, engine: int, *, accounting: bool) -> Iterator[Contender]:
    """The installed runtime, one worker; with `accounting` it judges keys and counts usage."""
    folder.mkdir()
    port, key = free_port(), f"sk-{secrets.token_hex(32)}"
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(_litellm_config(engine, accounting=accounting)))
    if accounting:
        (folder / "bench_plugin.py").write_text(PLUGIN)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            litellm_config.argv(runtimes.installed("litellm").python, config, port),
            cwd=folder,
            env=_litellm_environment(folder, key),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        what = f"LiteLLM answers (see {folder}/output)"
        eventually(lambda: _answers(process, port), within=180, what=what, every=0.2)
        name = "litellm + auth" if accounting else "litellm"
        yield Contender(
            name=name,
            port=port,
            headers=(f"authorization: Bearer {key}",),
            processes=lambda: tree(process.pid),
        )
    finally:
        _end(process)


def _litellm_config(engine: int, *, accounting: bool) -> dict[str, Any]:
    config: dict[str, Any] = {
        "model_list": [
            {
                "model_name": MODEL,
                "litellm_params": {
                    "model": f"hosted_vllm/{MODEL}",
                    "api_base": f"http://127.0.0.1:{engine}/v1",
                    "api_key": "none",
                },
            }
        ]
    }
    if accounting:
        config["general_settings"] = {"custom_auth": "bench_plugin.admit"}
        config["litellm_settings"] = {"callbacks": ["bench_plugin.usage"]}
    return config


def _litellm_environment(folder: Path, key: str) -> dict[str, str]:
    """As the studio starts its own, without what is the studio's alone."""
    told = litellm_config.environment(os.environ, home=folder, master_key=key, internal_key="")
    ours = {"LITELLM_WORKER_STARTUP_HOOKS", litellm_config.INTERNAL_KEY}
    return {name: value for name, value in told.items() if name not in ours}


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "LiteLLM ended before it answered"
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=2).is_success
    except httpx.TransportError:
        return False


# ---- the studio ---------------------------------------------------------------------------------


@contextmanager
def studio(home: Path) -> Iterator[tuple[StudioServer, Key]]:
    """A real one whose only model is upstream.c, loaded and ready, and a key with every limit."""
    paths = load_settings({"VLLM_STUDIO_HOME": str(home)}).paths
    paths.create()
    key = write_keys(paths, 1)[0]
    runtimes.link(home, ["litellm"])
    server = StudioServer(home)
    try:
        server.start(within=PATIENT_S)
        server.wait_for_gateway(within=PATIENT_S)
        server.add(
            {
                "id": MODEL,
                "engine": "command",
                "command": [str(built("upstream")), "--port", "{port}"],
            }
        )
        server.load(MODEL)
        yield server, key
    finally:
        server.close()


def lanes(server: StudioServer, key: Key) -> tuple[Contender, Contender]:
    """The two ways through it: direct, gateway."""
    process = server.process
    assert process is not None
    program = str(built("upstream"))
    bearer = f"authorization: Bearer {key.secret}"
    return (
        Contender(
            name="lane direct",
            port=server.port,
            headers=(bearer, f"{LANE}: direct"),
            processes=lambda: tree(process.pid, but=(program, "litellm")),
        ),
        Contender(
            name="lane gateway",
            port=server.port,
            headers=(bearer, f"{LANE}: gateway"),
            processes=lambda: tree(process.pid, but=(program,)),
        ),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
