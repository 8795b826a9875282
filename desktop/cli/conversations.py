"""`conversations`: what was said, and erasing it."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import click

from core.errors import Refused
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time, size

WHY = {
    "erased": "erased",
    "lost": "its key is not here",
    "altered": "not what was written",
}


@click.group(cls=StudioGroup)
def conversations() -> None:
    """List, show and erase conversations."""


@conversations.command("list")
@click.option("--at", type=click.IntRange(min=0), help="As they stood after this event.")
@pass_terminal
def list_conversations(terminal: Terminal, at: int | None) -> None:
    """Every conversation, the last used first; erased ones too."""
    answer = terminal.client().get("/api/conversations", at=at)
    terminal.answer(answer, lambda: list_in_words(answer["conversations"]))


@conversations.command("show")
@click.argument("conversation_id", metavar="ID")
@click.option("--at", type=click.IntRange(min=0), help="As it stood after this event.")
@pass_terminal
def show_conversation(terminal: Terminal, conversation_id: str, at: int | None) -> None:
    """What was said in the conversation ID."""
    answer = terminal.client().get(_path(conversation_id), at=at)
    terminal.answer(answer, lambda: in_words(answer))


@conversations.command("erase")
@click.argument("conversation_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def erase_conversation(terminal: Terminal, conversation_id: str, yes: bool) -> None:
    """Destroy the key of the conversation ID: nobody can ever read it again.

    That it was there stays in the log: when, which model, how much, and that it was erased.
    """
    if not yes:
        _demand_consent(terminal, conversation_id)
    answer = terminal.client().delete(_path(conversation_id))
    terminal.answer(answer, f"{conversation_id} was erased: its key is destroyed.")


def list_in_words(views: Iterable[Mapping[str, Any]]) -> str:
    """One line each."""
    rows = [
        (
            day_and_time(view["last_at"]),
            view["conversation_id"],
            str(view["messages"]),
            view["model"] or "–",
            _heading(view),
        )
        for view in views
    ]
    if not rows:
        return "There is no conversation."
    return columns(("last", "id", "messages", "model", "title"), rows)


def in_words(answer: Mapping[str, Any]) -> str:
    """Its messages, each under who said it."""
    view = answer["conversation"]
    lines = [f"{_heading(view)} ({view['messages']} messages)"]
    for message in answer["messages"]:
        who = message["model"] or message["role"]
        ending = "" if message["outcome"] == "whole" else f", {message['outcome']}"
        lines += ["", click.style(f"{who}, {day_and_time(message['added_at'])}{ending}", bold=True)]
        lines.append(_text(message))
    return "\n".join(lines)


def _text(message: Mapping[str, Any]) -> str:
    if message["text"] is None:
        return f"({WHY[message['unreadable']]}: {size(message['size'])})"
    return str(message["text"])


def _heading(view: Mapping[str, Any]) -> str:
    if view["standing"] != "open":
        return f"({WHY[view['standing']]})"
    return view["title"] or "(no title)"


def _demand_consent(terminal: Terminal, conversation_id: str) -> None:
    if not terminal.interactive:
        raise Refused("erasing can not be undone", code="not-confirmed", next_action="add --yes")
    click.confirm(f"Erase {conversation_id}? It can not be undone", abort=True, err=True)


def _path(conversation_id: str) -> str:
    return f"/api/conversations/{quote(conversation_id, safe='')}"
