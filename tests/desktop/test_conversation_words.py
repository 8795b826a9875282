"""What `vllm-studio conversations` says."""

from typing import Any

import click
from click.testing import CliRunner

from desktop.cli.conversations import in_words, list_in_words
from desktop.cli.root import vllm_studio

VIEW: dict[str, Any] = {
    "conversation_id": "c-1",
    "standing": "open",
    "title": "Canaries",
    "messages": 2,
    "model": "qwen",
    "last_at": 0,
}
MESSAGE: dict[str, Any] = {
    "role": "user",
    "model": None,
    "added_at": 0,
    "outcome": "whole",
    "size": 2048,
    "text": "Do they sing?",
    "unreadable": None,
}
GONE = {"text": None, "unreadable": "erased"}


def test_a_list_says_which_are_erased_and_which_are_lost() -> None:
    """An erased one has no title; neither has a lost one, for another reason."""
    views = [VIEW, VIEW | {"title": None}, VIEW | {"standing": "erased", "title": None}]
    told = list_in_words([*views, VIEW | {"standing": "lost", "title": None}]).splitlines()
    assert [line.split("qwen")[1].strip() for line in told[1:]] == [
        "Canaries", "(no title)", "(erased)", "(its key is not here)",
    ]  # fmt: skip
    assert list_in_words([]) == "There is no conversation."


def test_messages_stand_under_who_said_them() -> None:
    """And how they ended, where somebody or something ended them."""
    answer = MESSAGE | {"role": "assistant", "model": "qwen", "text": "Ye", "outcome": "stopped"}
    told = click.unstyle(in_words({"conversation": VIEW, "messages": [MESSAGE, answer]}))
    lines = told.splitlines()
    assert lines[0] == "Canaries (2 messages)"
    assert lines[2].startswith("user, ")
    assert lines[3] == "Do they sing?"
    assert lines[5].startswith("qwen, ")
    assert lines[5].endswith(", stopped")


def test_of_an_erased_message_its_size_is_left() -> None:
    """It was there, and nobody can read it."""
    view = VIEW | {"standing": "erased", "title": None}
    told = in_words({"conversation": view, "messages": [MESSAGE | GONE]})
    assert told.splitlines()[0] == "(erased) (2 messages)"
    assert told.splitlines()[-1] == "(erased: 2.0 KiB)"


def test_nothing_is_erased_without_a_yes() -> None:
    """A script that forgot --yes is told so, before anybody is asked."""
    done = CliRunner().invoke(vllm_studio, ["conversations", "erase", "c-1"])
    assert done.exit_code == 1
    assert "can not be undone" in done.output
    assert "--yes" in done.output
