"""`research`: a question that is answered from sources, asked and followed in the terminal."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from core.errors import StudioError
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.client import Client

View = Mapping[str, Any]
RESTS = ("done", "paused", "failed", "stopped")


@click.command(cls=StudioCommand)
@click.argument("question")
@click.option("-m", "--model", required=True, help="Who reads and writes.")
@click.option("--sources", type=int, default=12, show_default=True, help="Pages to read, at most.")
@click.option("--minutes", type=float, default=15.0, show_default=True, help="Time, at most.")
@click.option("--tokens", type=int, default=200_000, show_default=True, help="Tokens, at most.")
@click.option("--provider", multiple=True, metavar="NAME", help="Search here; may be repeated.")
@click.option("--yes", is_flag=True, help="Ask nothing back, and take the plan as it is.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The report's file.")
@pass_terminal
def research(
    terminal: Terminal,
    question: str,
    model: str,
    sources: int,
    minutes: float,
    tokens: int,
    provider: tuple[str, ...],
    yes: bool,
    out: Path | None,
) -> None:
    """Answer QUESTION from sources, each claim with its passage.

    It goes on when this command ends; the window shows it, and the report can be had there.
    """
    client, asks = terminal.client(), terminal.interactive and not yes
    wish = {
        "question": question,
        "model": model,
        "budget": {"sources": sources, "tokens": tokens, "minutes": minutes},
        "providers": provider,
        "clarify": asks,
    }
    which = str(client.post("/api/research", wish)["research_id"])
    view = _followed(terminal, client, which, asks=asks)
    if view["state"] != "done":
        raise _as_error(view)
    if out is not None:
        _take_out(client, which, out)
        terminal.aside(f"Written to {out}.")
    terminal.answer(view, lambda: "" if out else str(view["report"]) + bibliography(view))


def _followed(terminal: Terminal, client: Client, which: str, *, asks: bool) -> View:
    said: list[str] = []
    path = f"/api/research/{quote(which)}"
    while True:
        view = _until_a_person_is_needed(terminal, client, path, said)
        if view["state"] in RESTS:
            return view
        if view["state"] == "clarifying":
            for one in view["questions"]:
                terminal.aside(f"? {one}")
            client.post(f"{path}/answer", {"text": click.prompt("Answer", "", err=True)})
            continue
        for at, step in enumerate(view["plan"], 1):
            terminal.aside(f"{at}. {step['question']}")
        if asks:
            click.confirm("Look into this?", default=True, abort=True, err=True)
        client.post(f"{path}/start", {})


def _until_a_person_is_needed(
    terminal: Terminal, client: Client, path: str, said: list[str]
) -> View:
    for view in _views(client, path):
        for line in progress(view):
            if line not in said:
                said.append(line)
                terminal.aside(line)
        asked = view["state"] == "clarifying" and view["questions"] and view["answer"] is None
        if asked or view["state"] in ("planned", *RESTS):
            return view
    rested: View = client.get(path)
    return rested


def _views(client: Client, path: str) -> Iterator[View]:
    with client.stream(f"{path}/follow", after=0) as stream:
        for event in stream:
            if event.event == "run":
                yield msgspec.json.decode(event.data)


def progress(view: View) -> Iterator[str]:
    """What has been done so far, a line each, in order."""
    for source in view["sources"]:
        if source["state"] == "read":
            yield f"read [{source['n']}] {source['title'] or source['url']}"
        elif source["state"] in ("refused", "failed"):
            yield f"not read [{source['n']}] {source['url']}: {source['problem']}"
    for step in view["plan"]:
        if step["state"] == "written":
            yield f"written: {step['question']}"


def bibliography(view: View) -> str:
    """The sources that the report cites."""
    lines = [f"[{one['n']}] {one['title']} {one['url']}" for one in view["sources"] if one["cited"]]
    return "\n" + "\n".join(lines) if lines else ""


def _take_out(client: Client, which: str, out: Path) -> None:
    with out.open("wb") as file:
        for _ in client.download(f"/api/research/{quote(which)}/export", file, format="markdown"):
            pass


def _as_error(view: View) -> StudioError:
    told = view["problem"] or f"the research is {view['state']}"
    return StudioError(told, code=f"research-{view['state']}", next_action=view["next_action"])
