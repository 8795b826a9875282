"""`mcp`: servers of tools, as they are, and taken over from other programs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns


@click.group(cls=StudioGroup)
def mcp() -> None:
    """List and import MCP servers, have them run or rest, sign in, and read what they wrote."""


@mcp.command("list")
@pass_terminal
def list_servers(terminal: Terminal) -> None:
    """Every server, and how it is."""
    answer = terminal.client().get("/api/mcp/servers")
    terminal.answer(answer, lambda: in_words(answer["servers"]))


@mcp.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--look", is_flag=True, help="Only say what would be saved.")
@click.option("--only", multiple=True, metavar="NAME", help="These servers alone.")
@pass_terminal
def import_servers(terminal: Terminal, file: Path, look: bool, only: tuple[str, ...]) -> None:
    """Save the servers of FILE, an mcp.json of Claude Desktop, LM Studio, Cursor or VS Code.

    Each is a program that runs on this machine, or an address that is asked: look first.
    """
    wish = {"text": file.read_text(encoding="utf-8"), "look": look, "only": only}
    answer = terminal.client().post("/api/mcp/import", wish)
    if answer["message"]:
        raise click.ClickException(f"{file}: {answer['message']}")
    terminal.answer(answer, lambda: taken_in_words(answer["servers"], look=look))


@mcp.command("start")
@click.argument("name")
@pass_terminal
def start(terminal: Terminal, name: str) -> None:
    """Have NAME run; one that failed is tried at once."""
    answer = terminal.client().post(f"/api/mcp/servers/{quote(name)}/start", {})
    terminal.answer(answer, f"{name} is {answer['state']}.")


@mcp.command("stop")
@click.argument("name")
@pass_terminal
def stop(terminal: Terminal, name: str) -> None:
    """Have NAME rest until it is started, or vLLM Studio is."""
    answer = terminal.client().post(f"/api/mcp/servers/{quote(name)}/stop", {})
    terminal.answer(answer, f"{name} is asked to stop.")


@mcp.command("sign-in")
@click.argument("name")
@pass_terminal
def sign_in(terminal: Terminal, name: str) -> None:
    """Say where to sign in at NAME, a server at an address that wants to know who asks."""
    answer = terminal.client().post(f"/api/mcp/servers/{quote(name)}/sign-in", {})
    terminal.answer(
        answer,
        f"Open this in a browser on this machine, within ten minutes:\n{answer['url']}\n"
        "`vllm-studio mcp list` shows what came of it.",
    )


@mcp.command("sign-out")
@click.argument("name")
@pass_terminal
def sign_out(terminal: Terminal, name: str) -> None:
    """Forget what the sign-in at NAME gave."""
    terminal.client().delete(f"/api/mcp/servers/{quote(name)}/sign-in")
    terminal.answer({"signed_out": name}, f"Nobody is signed in at {name} any more.")


@mcp.command("remove")
@click.argument("name")
@pass_terminal
def remove(terminal: Terminal, name: str) -> None:
    """End NAME, and forget it with its secrets and approvals."""
    terminal.client().delete(f"/api/mcp/servers/{quote(name)}")
    terminal.answer({"removed": name}, f"{name} was removed.")


@mcp.command("log")
@click.argument("name")
@pass_terminal
def log(terminal: Terminal, name: str) -> None:
    """What NAME wrote beside its protocol since vLLM Studio started."""
    answer = terminal.client().get(f"/api/mcp/servers/{quote(name)}/log")
    terminal.answer(answer, lambda: log_in_words(answer["lines"]))


def in_words(servers: Iterable[Mapping[str, Any]]) -> str:
    """The servers as a table, with what is wrong with them below."""
    servers = tuple(servers)
    if not servers:
        return "There is no MCP server. `vllm-studio mcp import FILE` takes those of an mcp.json."
    rows = [(one["name"], one["state"], str(one["tools"]), where(one)) for one in servers]
    table = columns(("name", "state", "tools", "where"), rows)
    problems = [
        f"{one['name']}: {one['problem']}. {one['next_action']}".strip()
        for one in servers
        if one["problem"]
    ]
    return "\n".join((table, *problems))


def taken_in_words(servers: Iterable[Mapping[str, Any]], *, look: bool) -> str:
    """What would become of each, or did."""
    rows = [(one["name"], one["outcome"], where(one), one["message"]) for one in servers]
    table = columns(("name", "outcome", "where", "remark"), rows)
    return f"{table}\nNothing was saved." if look else table


def log_in_words(lines: Iterable[Mapping[str, Any]]) -> str:
    """A line each, with where it came from."""
    return "\n".join(f"{one['source']:8} {one['text']}" for one in lines) or "It wrote nothing."


def where(server: Mapping[str, Any]) -> str:
    """The program with its arguments, or the address."""
    return " ".join((server["command"], *server["args"])).strip() or str(server["url"])
