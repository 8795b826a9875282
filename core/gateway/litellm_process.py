"""LiteLLM as a process: written out, launched, recognised again after a crash of ours.

It listens on loopback, in its own virtualenv, process group, working directory and log file, with
an environment made for it. It may outlive us: what is left behind by a killed app is found by the
log (pid, start time, nonce) and taken over when it is the very one we would start, which saves its
cold start of 7 to 40 seconds; otherwise it is stopped.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from core.engines.logs import tail
from core.engines.processes import Child, Identity, Launcher
from core.gateway import litellm_config
from core.runtimes.runtime import Runtime
from core.settings import Paths
from events.facts.base import Fact
from events.facts.gateway import GatewayCrashed, GatewayStarted, GatewayStopped

PLUGIN_SOURCE = Path(__file__).with_name("litellm_plugin.py")
LOG_LIMIT = 20 * 1024 * 1024  # bytes; then the log of earlier runs moves to gateway.log.1
REASON_LINES = 3


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Both are generated, and known to the studio and its LiteLLM alone."""

    master: str  # opens /_studio
    internal: str  # is on every request


class HasEvent(Protocol):
    """A record of the log."""

    @property
    def event(self) -> object:
        """The fact."""
        ...


def plugin_fingerprint() -> str:
    """Which plugin a LiteLLM started now would run; its `whoami` says the same."""
    return hashlib.sha256(PLUGIN_SOURCE.read_bytes()).hexdigest()[:16]


def last_left_running(records: Iterable[HasEvent]) -> GatewayStarted | None:
    """The LiteLLM that the log believes alive."""
    alive: GatewayStarted | None = None
    for record in records:
        if isinstance(record.event, GatewayStarted):
            alive = record.event
        elif isinstance(record.event, GatewayStopped | GatewayCrashed):
            alive = None
    return alive


def identity_of(started: GatewayStarted) -> Identity:
    """What proves that a process is that one."""
    return Identity(
        pid=started.pid,
        process_group=started.process_group,
        started_at=started.process_started_at,
        nonce=started.nonce,
    )


def started_fact(child: Child, port: int) -> Fact:
    """The fact of a launch."""
    identity = child.identity
    return GatewayStarted(
        pid=identity.pid,
        process_group=identity.process_group,
        process_started_at=identity.started_at,
        port=port,
        nonce=identity.nonce,
    )


async def launch(
    launcher: Launcher,
    runtime: Runtime,
    paths: Paths,
    *,
    port: int,
    keys: Keys,
    database_url: str | None = None,
) -> Child:
    """Start LiteLLM on `port`. Raises StudioError when the system refuses.

    `database_url`: of its own database mode, when the settings ask for it.

    The nonce is written down first: should we be killed before the launch is recorded, the next
    boot still finds what it has to stop.
    """
    config, plugins = _written(paths.litellm, database=bool(database_url))
    nonce = secrets.token_hex(16)
    _nonce_file(paths).write_text(nonce, encoding="ascii")
    log_path = paths.log("gateway")
    _make_room(log_path)
    return await launcher.launch(
        litellm_config.argv(runtime.python, config, port),
        env=litellm_config.environment(
            os.environ,
            home=paths.litellm,
            master_key=keys.master,
            internal_key=keys.internal,
            database_url=database_url,
        ),
        cwd=plugins,
        log_path=log_path,
        nonce=nonce,
    )


def nonce_of_last_launch(paths: Paths) -> str | None:
    """Of the newest launch, recorded or not."""
    try:
        return _nonce_file(paths).read_text(encoding="ascii") or None
    except OSError:
        return None


def last_words(paths: Paths) -> str:
    """The end of LiteLLM's log, for the sentence that says why it ended."""
    lines = tail(paths.log("gateway"), REASON_LINES)
    return " | ".join(line.strip() for line in lines)


def _nonce_file(paths: Paths) -> Path:
    return paths.litellm / "nonce"


def _written(folder: Path, *, database: bool) -> tuple[Path, Path]:
    """Configuration and plugin, as this version has them.

    The plugin lies apart from the configuration and is found through the working directory:
    beside it, LiteLLM would load the file a second time, with a second set of its variables.
    """
    plugins = folder / "plugin"
    plugins.mkdir(mode=0o700, parents=True, exist_ok=True)
    (plugins / f"{litellm_config.PLUGIN}.py").write_bytes(PLUGIN_SOURCE.read_bytes())
    config = folder / "config.yaml"
    config.write_text(litellm_config.config_text(database=database), encoding="utf-8")
    return config, plugins


def _make_room(log_path: Path) -> None:
    log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log_path.exists() and log_path.stat().st_size > LOG_LIMIT:
        log_path.replace(log_path.with_name(log_path.name + ".1"))
